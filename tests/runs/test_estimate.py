import pytest
import torch
from attrs import asdict, evolve

from engine.recipe.optimizers import Cosine
from engine.runs import estimate as estimate_module
from engine.runs.estimate import estimate_run
from engine.training.devices import Device
from engine.training.step import Stepper
from tests.training.judged_toy import BY_WORDS, IDS, JudgedToy
from tests.training.toy import ToyModel, toy_recipe, toy_system

CPU = Device(torch.device("cpu"))


def test_the_estimate_counts_what_the_recipe_says(tmp_path):
    recipe = toy_recipe(
        epochs=20, evaluate_every="epoch:5", schedule={"denoiser": Cosine(warmup_steps=10)}
    )
    torch.manual_seed(0)
    system = toy_system(recipe)
    estimate = estimate_run(CPU, system, recipe, tmp_path)
    assert estimate.parameters == sum(p.numel() for p in system.module.parameters())
    assert (estimate.steps_per_epoch, estimate.total_steps) == (5, 100)
    assert estimate.num_evaluations == 5
    (plan,) = estimate.rate_plans
    assert [step for step, _ in plan.rates] == [1, 10, 50, 100]
    assert plan.rates[0][1] == pytest.approx(1e-3)
    assert estimate.step_seconds > 0
    assert estimate.total_seconds > estimate.step_seconds * 100
    assert estimate.resumable_bytes > estimate.weights_bytes > 0


@pytest.mark.parametrize(
    ("interval", "number"), [("epoch:20", 2), ("epoch:30", 2), ("step:30", 5), ("step:100", 2)]
)
def test_the_estimate_counts_the_evaluations_that_a_run_does(interval, number, tmp_path):
    recipe = toy_recipe(epochs=20, evaluate_every=interval)
    assert estimate_run(CPU, toy_system(recipe), recipe, tmp_path).num_evaluations == number


def test_estimating_writes_nothing_that_stays(tmp_path):
    recipe = toy_recipe()
    estimate_run(CPU, toy_system(recipe), recipe, tmp_path)
    assert list(tmp_path.iterdir()) == []


class Timed:
    """A clock that a step moves on by so many seconds for each turn that has a share in it."""

    def __init__(self, system, **seconds):
        self.now, self.steps, self.clips = 0.0, [], []
        self._system, self._seconds = system, seconds

    def perf_counter(self):
        return self.now

    def step(self, batches, step):
        due = [turn for turn in self._system.turns if turn.is_due(step)]
        late = [start for turn in due for start in turn.late_terms.values() if step >= start]
        self.now += sum(self._seconds[turn.name] for turn in due) + len(late)
        self.steps.append(step)
        self.clips.append(sum(len(batch["clean"]) for batch in batches))


def estimate_gan(monkeypatch, folder, *, discriminator, generator=None, num_processes=1):
    """The estimate of 20 steps, where the discriminator takes 10 s and the generator 2 s."""
    recipe = toy_recipe(model=ToyModel(adversary=True))
    system = toy_system(recipe)
    changes = {"discriminator": discriminator, "generator": generator or {}}
    system.turns = [evolve(turn, **changes[turn.name]) for turn in system.turns]
    timed = Timed(system, discriminator=10.0, generator=2.0)
    monkeypatch.setattr(estimate_module, "time", timed)
    monkeypatch.setattr(Stepper, "step", lambda _, batches, step: timed.step(batches, step))
    return estimate_run(CPU, system, recipe, folder, num_processes), timed


@pytest.mark.parametrize(
    ("discriminator", "late_terms", "mean"),
    [
        ({}, {}, 12.0),
        ({"every_steps": 2}, {}, 7.0),
        ({"every_steps": 5}, {}, 2 + 10 * 4 / 20),
        ({"starts_at_step": 15}, {}, 2 + 10 * 5 / 20),
        ({"starts_at_step": 20}, {}, 2.0),
        ({"starts_at_step": 13, "every_steps": 3}, {}, 2 + 10 * 3 / 20),
        ({"starts_at_step": 10, "every_steps": 4}, {"real_or_fake": 10}, 2 + 0.5 + 10 * 3 / 20),
        ({"every_steps": 3}, {"real_or_fake": 18}, 2 + 2 / 20 + 10 * 7 / 20),
    ],
)
def test_late_and_rare_turns_count_by_how_often_they_have_a_share(
    monkeypatch, tmp_path, discriminator, late_terms, mean
):
    estimate, timed = estimate_gan(
        monkeypatch, tmp_path, discriminator=discriminator, generator={"late_terms": late_terms}
    )
    assert estimate.step_seconds == pytest.approx(mean)
    assert max(timed.steps) < estimate.total_steps == 20


def test_a_rare_turn_is_timed_in_two_kinds_of_steps(monkeypatch, tmp_path):
    _, timed = estimate_gan(monkeypatch, tmp_path, discriminator={"every_steps": 5})
    assert timed.steps == [0, 5, 10, 15, 0, 5, 10, 1, 2, 3, 4, 6, 7, 8]


def test_one_of_several_processes_is_timed_with_its_part_of_the_batch(monkeypatch, tmp_path):
    _, timed = estimate_gan(monkeypatch, tmp_path, discriminator={}, num_processes=4)
    assert set(timed.clips) == {2}


def test_averaged_weights_take_room_in_a_resumable_checkpoint(tmp_path):
    estimates = []
    for decay in (None, 0.9):
        recipe = toy_recipe(ema_decay=decay)
        estimates.append(estimate_run(CPU, toy_system(recipe), recipe, tmp_path))
    plain, averaged = estimates
    assert averaged.weights_bytes == plain.weights_bytes
    more = averaged.resumable_bytes - plain.resumable_bytes
    assert more >= 4 * plain.parameters
    assert averaged.disk_bytes == plain.disk_bytes + 4 * more


def test_what_judges_take_is_counted_and_warned_of_where_it_is_much(tmp_path):
    recipe = toy_recipe(judged=BY_WORDS)
    system = JudgedToy(**asdict(toy_system(recipe), recurse=False))
    judged, plain = (
        estimate_run(CPU, one, of, tmp_path)
        for one, of in ((system, recipe), (toy_system(recipe), toy_recipe()))
    )
    assert (judged.num_judged, judged.judged_seconds) == (len(IDS), 0.5)
    assert judged.remark_on_judges.startswith("judges take ")
    assert judged.disk_bytes == plain.disk_bytes + 2 * plain.weights_bytes
    assert (plain.num_judged, plain.remark_on_judges) == (0, None)
