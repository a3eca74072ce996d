import numpy as np
import pytest
import torch
from attrs import evolve

from engine.evaluation.audio import SPAN, ClipAudio
from engine.recipe.optimizers import Adam, Constant, Exponential
from engine.recipe.training import Start
from engine.training.devices import Device
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.ranks import Ranks
from engine.training.schedules import Length
from engine.training.step import Stepper
from tests.training.toy import ToyDataset, ToyModel, toy_recipe, toy_system


def look(recipe, change=None):
    torch.manual_seed(0)
    system = toy_system(recipe)
    if change:
        change(system)
    length = Length(20, 5)
    stepper = Stepper(Device(torch.device("cpu")), system, recipe, length)
    order = Order(system.train_clips.lengths, 8, seed=1)
    return system, Preflight(system, recipe, order, length, stepper)


def failures(recipe, change=None):
    return {c.name: c.detail for c in look(recipe, change)[1].checks() if not c.ok}


def test_a_healthy_run_passes_every_check():
    checks = look(toy_recipe())[1].checks()
    assert all(check.ok for check in checks)
    assert {c.name for c in checks} >= {"gradients", "conditioning noisy", "input noisy"}


def test_two_turns_pass_too():
    assert failures(toy_recipe(model=ToyModel(adversary=True))) == {}


def test_preflight_leaves_weights_buffers_optimizers_and_generator_as_they_were():
    system, preflight = look(toy_recipe())
    before = {n: t.clone() for n, t in system.module.state_dict().items()}
    random = torch.get_rng_state()
    preflight.checks()
    after = system.module.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in before)
    assert torch.equal(random, torch.get_rng_state())
    assert preflight.stepper.state().tensors["denoiser"]["state"] == {}


def test_an_input_that_never_reaches_the_model_is_named():
    found = failures(toy_recipe(model=ToyModel(broken="deaf")))
    assert "not connected" in found["conditioning noisy"]


def test_an_input_that_all_clips_of_each_batch_share_is_named(monkeypatch):
    system, preflight = look(toy_recipe())
    whole = type(system.train_clips).batch

    def alike(clips, indices, random):
        batch = whole(clips, indices, random)
        return batch | {"noisy": batch["noisy"][:1].expand_as(batch["noisy"])}

    monkeypatch.setattr(type(system.train_clips), "batch", alike)
    (check,) = [c for c in preflight.checks() if c.name == "conditioning noisy"]
    assert check.stops
    assert "of one clip is used for the whole batch" in check.detail


def test_a_parameter_without_gradient_is_named():
    found = failures(toy_recipe(model=ToyModel(broken="unconnected")))
    assert "network.idle" in found["gradients"]


def test_a_loss_that_is_no_number_is_found():
    found = failures(toy_recipe(model=ToyModel(broken="nan")))
    assert "not finite" in found["gradients"]


def test_an_empty_or_infinite_input_is_named_before_anything_is_computed():
    def poison(system):
        system.train_clips.clean[:] = float("inf")

    assert "NaN or infinity" in failures(toy_recipe(), poison)["input noisy"]


def test_a_learning_rate_of_1e_7_is_refused_with_the_sane_range():
    found = failures(toy_recipe(optimizer=Adam(learning_rate=1e-7)))
    assert "1e-07" in found["learning rate of denoiser"]
    assert "1e-05" in found["learning rate of denoiser"]


def test_a_warm_up_longer_than_the_run_is_refused():
    found = failures(toy_recipe(schedule={"denoiser": Constant(warmup_steps=500)}))
    assert "warm-up outlasts the run" in found["learning rate of denoiser"]


def test_a_batch_of_one_still_finds_a_second_clip_to_swap():
    torch.manual_seed(0)
    recipe = toy_recipe()
    system = toy_system(recipe)
    length = Length(20, 5)
    stepper = Stepper(Device(torch.device("cpu")), system, recipe, length)
    order = Order(system.train_clips.lengths, batch_size=1, seed=1)
    checks = Preflight(system, recipe, order, length, stepper).checks()
    assert all(check.ok for check in checks), checks


def test_state_of_the_optimizer_that_was_carried_is_put_back():
    system, preflight = look(toy_recipe())
    batch = system.train_clips.batch(range(8), np.random.default_rng(0))
    preflight.stepper.step([batch], 0)
    before = preflight.stepper.state().tensors["denoiser"]["state"][0]["exp_avg"].clone()
    preflight.checks()
    after = preflight.stepper.state().tensors["denoiser"]["state"][0]
    assert torch.equal(before, after["exp_avg"])
    assert after["step"] == 1


def test_an_evaluation_clip_that_is_trained_on_is_found_by_its_audio():
    def share(system):
        system.eval_clips.digests = system.train_clips.digests[5:21]
        system.eval_clips.ids = [f"renamed{number}" for number in range(16)]

    found = failures(toy_recipe(), share)["evaluation set"]
    assert "16 of the 16 evaluation clips are trained on by this recipe" in found
    assert "(first: renamed0, renamed1, renamed2)" in found
    assert found.endswith("The system must hold evaluation clips out of its training clips")


def heard(clips, rows=slice(None)):
    return ClipAudio(clips.digests[rows], clips.spans[rows])


def evaluation_set(preflight):
    (check,) = (check for check in preflight.checks() if check.name == "evaluation set")
    return check


def test_an_evaluation_clip_that_an_ancestor_was_trained_on_is_named_with_the_ancestor():
    system, preflight = look(toy_recipe(start=Start(from_="base", evaluation="own")))
    older = heard(system.eval_clips, slice(2))
    ancestors = {"base": heard(system.train_clips), "older": older}
    check = evaluation_set(evolve(preflight, ancestors=ancestors))
    assert not check.ok
    assert "2 of the 16 evaluation clips were trained on by older (first: clip0" in check.detail
    assert "memorization, not skill. Set start.evaluation = 'inherited'" in check.detail


def test_other_clips_that_are_measured_as_new_are_looked_for_in_every_phase():
    system, preflight = look(toy_recipe())
    clips = heard(system.eval_clips)
    system.preflight = evolve(system.preflight, held_out={"dataset.num_seen_clips": clips})
    assert "clips of dataset.num_seen_clips" not in failed_of(preflight)
    ancestors = {"base": heard(system.eval_clips, slice(3))}
    said = failed_of(evolve(preflight, ancestors=ancestors))["clips of dataset.num_seen_clips"]
    assert said.startswith(
        "of its 16 clips were trained on 3 by base; its figures would measure memor"
    )


def failed_of(preflight):
    return {check.name: check.detail for check in preflight.checks() if not check.ok}


def place(clips, start, seconds):
    """Lay clips one behind another in one file."""
    clips.spans["file"] = 7
    clips.spans["start"] = start + seconds * np.arange(len(clips.ids))
    clips.spans["stop"] = clips.spans["start"] + seconds


def test_audio_that_is_cut_otherwise_is_found_where_an_ancestor_was_trained_on_it():
    system, preflight = look(toy_recipe(start=Start(from_="base", evaluation="own")))
    place(system.eval_clips, 100.0, 4.0)
    trained = ClipAudio(system.train_clips.digests[:3], np.zeros(3, SPAN))
    trained.spans[:] = [(7, 92.0, 100.0), (7, 107.0, 109.0), (8, 100.0, 180.0)]
    check = evaluation_set(evolve(preflight, ancestors={"base": trained}))
    assert "2 of the 16 evaluation clips were trained on by base (first: clip1, clip2)" in (
        check.detail
    )


def test_disjoint_parts_of_one_file_may_be_in_both_sets():
    def share(system):
        place(system.train_clips, 0.0, 2.0)
        place(system.eval_clips, 80.0, 2.0)

    assert failures(toy_recipe(), share) == {}


@pytest.mark.parametrize(
    ("start", "frozen", "advice"),
    [
        (Start(from_="base", evaluation="own"), None, "Set start.evaluation = 'inherited'"),
        (Start(from_="base"), None, "None of the evaluation clips of base is in this corpus"),
        (
            Start(from_="base"),
            "kept",
            "Pin another evaluation set than dataset.evaluation = 'kept'",
        ),
    ],
)
def test_each_way_to_a_leak_has_its_own_advice(start, frozen, advice):
    dataset = ToyDataset(evaluation=frozen)
    system, preflight = look(toy_recipe(start=start, dataset=dataset))
    leaky = evolve(preflight, ancestors={"older": heard(system.eval_clips)})
    assert f"memorization, not skill. {advice}" in evaluation_set(leaky).detail


def test_a_model_that_cannot_learn_one_batch_is_found():
    def freeze(system):
        for layer in (system.module.network[0], system.module.network[4]):
            layer.weight.register_hook(lambda gradient: gradient * 0 - gradient)

    found = failures(toy_recipe(optimizer=Adam(learning_rate=0.5)), freeze)
    assert "reconstruction can be learned" in found


ADVERSARY = ToyModel(adversary=True)


def with_turns(**changes):
    """A change to a system: fields of its turns, by their names."""

    def change(system):
        system.turns = [evolve(turn, **changes.get(turn.name, {})) for turn in system.turns]

    return change


def steps_of(preflight, monkeypatch):
    """The steps that preflight does, with the learning rates that each turn had in them.

    The first is done twice, from the same weights, and returned once.
    """
    done = []
    step = preflight.stepper.step

    def noted(batches, number, rates_of=None):
        step(batches, number, rates_of)
        shares = preflight.stepper._optimized
        rates = {share.turn.name: share.optimizer.param_groups[0]["lr"] for share in shares}
        done.append((number, rates))

    monkeypatch.setattr(preflight.stepper, "step", noted)
    assert all(check.ok for check in preflight.checks())
    assert done[0] == done[1]
    return done[1:]


def cut_off(system):
    """The discriminator never gets a gradient."""
    for parameter in system.module.critic.parameters():
        parameter.register_hook(torch.zeros_like)


@pytest.mark.parametrize(("starts_at", "silent"), [(12, True), (19, True), (20, False)])
def test_a_late_turn_is_looked_at_unless_it_starts_after_the_end(starts_at, silent):
    def change(system):
        with_turns(discriminator={"starts_at_step": starts_at})(system)
        cut_off(system)

    found = failures(toy_recipe(model=ADVERSARY), change)
    assert ("critic.weight" in found.get("gradients", "")) == silent


def test_a_turn_that_starts_after_the_end_has_no_share_in_any_step(monkeypatch):
    late = {"generator": {"starts_at_step": 17}, "discriminator": {"starts_at_step": 20}}
    _, preflight = look(toy_recipe(model=ADVERSARY), with_turns(**late))
    done = steps_of(preflight, monkeypatch)
    assert [step for step, _ in done] == [17, 18, 19, 17, 18, 19]


def test_a_rare_turn_has_its_share_in_as_many_steps_as_there_are(monkeypatch):
    rare = {"discriminator": {"starts_at_step": 1, "every_steps": 4}}
    _, preflight = look(toy_recipe(model=ADVERSARY), with_turns(**rare))
    assert [step for step, _ in steps_of(preflight, monkeypatch)] == [1, 2, 3, 4, 5, 6, 9, 13, 17]


def test_a_late_turn_is_learned_at_the_peak_though_the_others_have_decayed(monkeypatch):
    recipe = toy_recipe(
        model=ADVERSARY, schedule={"generator": Exponential(gamma=0.1, every="step")}
    )
    late = {"generator": {"starts_at_step": 0}, "discriminator": {"starts_at_step": 15}}
    _, preflight = look(recipe, with_turns(**late))
    for step, rates in steps_of(preflight, monkeypatch):
        assert step >= 15
        assert rates == pytest.approx({"discriminator": 1e-2, "generator": 1e-2})


def test_an_error_within_preflight_is_raised_without_waiting_for_the_other_processes(monkeypatch):
    system, preflight = look(toy_recipe(model=ADVERSARY))

    def wait(ranks, values):
        raise AssertionError("the others may never come")

    def fail(batch):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Ranks, "mean", wait)
        patch.setattr(Ranks, "gather", wait)
        patch.setattr(system.module, "generator", fail)
        with pytest.raises(ZeroDivisionError):
            preflight.checks()
    assert preflight.stepper.meter.state().tensors == [{"sums": {}, "counts": {}}]


def test_an_input_that_nothing_feeds_is_named_for_what_it_is(monkeypatch):
    """Such as the features that a collator gives where no audio is there to be understood."""
    system, preflight = look(toy_recipe())
    whole = type(system.train_clips).batch
    features = torch.zeros(0, 128, 3000)
    monkeypatch.setattr(
        type(system.train_clips), "batch", lambda *given: {**whole(*given), "features": features}
    )
    (check,) = [c for c in preflight.checks() if c.ok is False]
    assert check.name == "input features"
    assert check.detail.startswith("it is empty (shape 0x128x3000), so the part of the model")


def test_entries_that_belong_together_are_swapped_together():
    """Apart they do not fit: a reference with the length of another is none that is there."""
    system, preflight = look(toy_recipe())
    module, seen = system.module, []
    denoiser = module.denoiser

    def watch(batch):
        seen.append(torch.equal(batch["noisy"].argmax(1), batch["clean"].argmax(1)))
        return denoiser(batch)

    module.denoiser = watch
    system.preflight = evolve(system.preflight, conditioning=(("noisy", "clean"),))
    checks = {check.name: check for check in preflight.checks()}
    assert all(seen), "both were swapped, so each is still the other's"
    assert "conditioning noisy with clean" in checks


def test_a_loss_that_only_moves_by_chance_does_not_show_an_influence():
    system, preflight = look(toy_recipe(model=ToyModel(broken="deaf")))
    denoiser, draws = system.module.denoiser, iter(range(10_000))

    def trembles(batch):
        terms = denoiser(batch)
        noise = 1 + 1e-5 * (next(draws) % 2)
        return terms._replace(losses={n: v * noise for n, v in terms.losses.items()})

    system.module.denoiser = trembles
    (check,) = [c for c in preflight.checks() if c.name == "conditioning noisy"]
    assert check.ok is False
