import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.recipe.optimizers import Adam, Constant
from engine.training.balance import Balancer
from engine.training.devices import Device
from engine.training.part import weigh
from engine.training.schedules import Length
from engine.training.shares import WHOLE
from engine.training.step import Stepper, check_turns
from engine.training.system import Terms, Turn
from tests.training.toy import ToyModel, toy_recipe, toy_system

LENGTH = Length(20, 5)


def stepper_of(recipe, precision="fp32"):
    torch.manual_seed(0)
    system = toy_system(recipe)
    return system, Stepper(Device(torch.device("cpu"), precision), system, recipe, LENGTH)


def batches(system, parts=1):
    import numpy as np

    random = np.random.default_rng(0)
    whole = system.train_clips.batch(range(8), random)
    size = 8 // parts
    return [{n: t[i * size : (i + 1) * size] for n, t in whole.items()} for i in range(parts)]


def weights(system):
    return {n: p.detach().clone() for n, p in system.module.named_parameters()}


def test_a_step_moves_every_parameter():
    system, stepper = stepper_of(toy_recipe())
    before = weights(system)
    stepper.step(batches(system), 0)
    assert all(not torch.equal(before[n], p) for n, p in weights(system).items())


def test_accumulated_micro_batches_give_the_gradient_of_the_whole_batch():
    gradients = []
    for parts in (1, 4):
        system, stepper = stepper_of(toy_recipe())
        system.module.eval()  # no dropout, no batch statistics: the parts are independent
        stepper.step(batches(system, parts), 0)
        gradients.append([p.grad.clone() for p in system.module.parameters()])
        assert stepper.meter.read()["train/reconstruction"] > 0
    for whole, accumulated in zip(*gradients, strict=True):
        assert torch.allclose(whole, accumulated, atol=1e-6)


def test_the_gradient_is_clipped_and_its_unclipped_norm_is_logged():
    system, stepper = stepper_of(
        toy_recipe(optimizer=Adam(learning_rate=1e-2, clip_gradient_norm=1e-3))
    )
    stepper.step(batches(system), 0)
    norms = torch.stack([p.grad.norm() for p in system.module.parameters()])
    assert norms.norm() == pytest.approx(1e-3, rel=1e-3)
    assert stepper.meter.read()["train/gradient_norm/denoiser"] > 1e-2


def test_each_turn_of_two_changes_its_own_networks_alone():
    system, stepper = stepper_of(toy_recipe(model=ToyModel(adversary=True)))
    seen = {}

    for share in stepper._optimized:
        inner = share.optimizer.step

        def spy(*args, inner=inner, name=share.turn.name, **kwargs):
            seen[name] = {n for n, p in system.module.named_parameters() if p.requires_grad}
            return inner(*args, **kwargs)

        share.optimizer.step = spy
    stepper.step(batches(system), 0)
    assert seen["discriminator"] == {"critic.weight", "critic.bias"}
    assert seen["generator"] == {n for n in weights(system) if n.startswith("network")}


def test_the_generator_turn_computes_no_gradient_of_the_critic():
    system, stepper = stepper_of(toy_recipe(model=ToyModel(adversary=True)))
    stepper.step(batches(system), 0)
    after_its_own_turn = system.module.critic.weight.grad.clone()
    assert after_its_own_turn.abs().sum() > 0
    # A second generator pass alone must leave the critic's gradient as it was.
    stepper._turn(stepper._optimized[1], [system.module.prepare(batches(system)[0])], [WHOLE], 1)
    assert torch.equal(system.module.critic.weight.grad, after_its_own_turn)


def test_figures_of_several_turns_carry_the_turns_name_and_the_loss_is_their_sum():
    system, stepper = stepper_of(toy_recipe(model=ToyModel(adversary=True)))
    stepper.step(batches(system), 0)
    figures = stepper.meter.read()
    assert {"train/generator/real_or_fake", "train/discriminator/real_or_fake"} <= figures.keys()
    parts = figures["train/generator/loss"] + figures["train/discriminator/loss"]
    assert figures["train/loss"] == pytest.approx(parts)
    assert "train/real_or_fake" not in figures


def test_a_term_that_is_not_weighed_or_not_produced_is_an_error_naming_it():
    turn = Turn("t", {}, {"mel": 1.0, "waveform": 0.1})
    with pytest.raises(
        UserError, match=r"not produced: \['waveform'\].*not weighed there: \['stft'\]"
    ):
        weigh(turn, Terms({"mel": torch.tensor(1.0), "stft": torch.tensor(1.0)}), 0)


def test_a_parameter_of_no_turn_or_of_two_is_an_error_naming_it():
    system = toy_system(toy_recipe())
    (turn,) = system.turns
    some = {n: p for n, p in turn.parameters.items() if n != "network.0.weight"}
    system.turns = [Turn("denoiser", some, turn.weights)]
    with pytest.raises(UserError, match=r"network\.0\.weight belongs to 0 turns"):
        check_turns(system)
    system.turns = [turn, Turn("again", turn.parameters, turn.weights)]
    with pytest.raises(UserError, match="belongs to 2 turns"):
        check_turns(system)


def test_a_parameter_outside_the_graph_is_silent():
    system, stepper = stepper_of(toy_recipe(model=ToyModel(broken="unconnected")))
    stepper.step(batches(system), 0)
    assert stepper.networks.silent_parameters(system.turns[0]) == ["network.idle"]


def test_the_recipes_learning_rate_wins_over_that_of_loaded_optimizer_state():
    system, stepper = stepper_of(toy_recipe(optimizer=Adam(learning_rate=1e-2)))
    stepper.step(batches(system), 0)
    _, lower = stepper_of(toy_recipe(optimizer=Adam(learning_rate=1e-4, betas=(0.5, 0.9))))
    lower.load(stepper.state())
    group = lower._optimized[0].optimizer.param_groups[0]
    assert (group["lr"], group["betas"]) == (1e-4, (0.5, 0.9))
    assert lower._optimized[0].optimizer.state_dict()["state"][0]["step"] == 1


def test_the_learning_rate_of_a_step_follows_its_schedule():
    recipe = toy_recipe(schedule={"denoiser": Constant(warmup_steps=10)})
    system, stepper = stepper_of(recipe)
    stepper.step(batches(system), 4)
    assert stepper._optimized[0].optimizer.param_groups[0]["lr"] == pytest.approx(0.5e-2)


def test_bf16_computes_the_networks_in_bf16_and_keeps_weights_in_fp32():
    system, stepper = stepper_of(toy_recipe(precision="bf16"), precision="bf16")
    dtypes = []
    system.module.network[0].register_forward_hook(lambda m, i, o: dtypes.append(o.dtype))
    stepper.step(batches(system), 0)
    assert dtypes == [torch.bfloat16]
    assert {p.dtype for p in system.module.parameters()} == {torch.float32}


@pytest.mark.slow
def test_a_compiled_turn_gives_the_same_losses():
    losses = []
    for mode in ("off", "default"):
        system, stepper = stepper_of(toy_recipe(compile=mode))
        system.module.eval()
        for step in range(3):
            stepper.step(batches(system), step)
        losses.append(stepper.meter.read()["train/loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def with_turns(recipe, **turns):
    """A stepper whose turns are changed: by name, what of each is another."""
    torch.manual_seed(0)
    system = toy_system(recipe)
    system.turns = [evolve(turn, **turns.get(turn.name, {})) for turn in system.turns]
    return system, Stepper(Device(torch.device("cpu")), system, recipe, LENGTH)


def test_a_late_turn_leaves_its_parameters_alone_until_its_first_step():
    system, stepper = with_turns(
        toy_recipe(model=ToyModel(adversary=True)),
        discriminator={"starts_at_step": 2},
        generator={"late_terms": {"real_or_fake": 2}},
    )
    system.module.generator = without_critic(system.module, until=2)
    before = weights(system)
    for step in range(2):
        stepper.step(batches(system), step)
    assert torch.equal(before["critic.weight"], system.module.critic.weight)
    assert "train/discriminator/loss" not in stepper.meter.read()
    stepper.step(batches(system), 2)
    assert not torch.equal(before["critic.weight"], system.module.critic.weight)
    assert "train/generator/real_or_fake" in stepper.meter.read()


def without_critic(module, until):
    """The generator's turn as an module has it that does not hear its critic yet."""
    whole, heard = module.generator, []
    module.begin = lambda step: heard.append(step >= until)

    def generator(batch):
        terms = whole(batch)
        if heard[-1]:
            return terms
        return Terms({"reconstruction": terms.losses["reconstruction"]})

    return generator


def test_a_rare_turn_moves_in_its_own_steps_alone_and_its_metrics_are_means_over_these():
    system, stepper = with_turns(
        toy_recipe(model=ToyModel(adversary=True)), discriminator={"every_steps": 3}
    )
    moved, losses = [], []
    for step in range(6):
        before = weights(system)
        stepper.step(batches(system), step)
        moved.append(not torch.equal(before["critic.weight"], system.module.critic.weight))
        if moved[-1]:
            losses.append(stepper.meter._sums["train/discriminator/loss"].clone())
    assert moved == [True, False, False, True, False, False]
    mean = stepper.meter.read()["train/discriminator/loss"]
    assert mean == pytest.approx(float(losses[-1]) / 2)


def test_shares_of_the_gradient_at_what_was_made_are_logged_and_change_nothing():
    finals = []
    for log_every_steps in (1, 100):
        recipe = toy_recipe(model=ToyModel(adversary=True), log_every_steps=log_every_steps)
        system, stepper = with_turns(recipe)
        through_what_was_made(system.module)
        stepper.step(batches(system), 0)
        shares = {n: v for n, v in stepper.meter.read().items() if "gradient_share" in n}
        finals.append(weights(system))
        if log_every_steps == 1:
            assert shares.keys() == {
                "train/gradient_share/reconstruction",
                "train/gradient_share/real_or_fake",
            }
            assert sum(shares.values()) == pytest.approx(1.0)
    assert all(torch.equal(finals[0][n], finals[1][n]) for n in finals[0])


def through_what_was_made(module):
    whole = module.generator
    module.generator = lambda batch: whole(batch)._replace(generator_output=batch["cleaned"])


def test_a_balanced_turn_gives_the_gradient_that_the_weights_are_shares_of():
    recipe = toy_recipe(model=ToyModel(adversary=True))
    balancer = Balancer(["real_or_fake", "reconstruction"], decay=0.9, total_norm=1.0)
    system, stepper = with_turns(recipe, generator={"balancer": balancer})
    through_what_was_made(system.module)
    stepper.step(batches(system), 0)
    shares = stepper.meter.read()
    (generator,) = [turn for turn in system.turns if turn.name == "generator"]
    wanted = generator.weights["reconstruction"] / sum(generator.weights.values())
    assert shares["train/gradient_share/reconstruction"] == pytest.approx(wanted, abs=0.05)
    assert all(float(p.grad.norm()) > 0 for p in system.module.network.parameters())
