"""`cantus estimate`: what a run will cost, before it runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.answers.estimate import (
    CardsAnswer,
    EstimateAnswer,
    LearningRates,
    Price,
    RateAt,
    WayOfTraining,
)
from engine.cli.show.load import Loaded
from engine.cli.show.load_run import load_run, require_corpus
from engine.cli.show.recipe_options import json_option, overrides_option, recipe_argument
from engine.errors import UserError
from engine.exit_codes import Exit
from engine.files.disk import in_words
from engine.terminal.say import say
from engine.tracking.comparable import short_digest

if TYPE_CHECKING:
    from engine.training.memory_plan import Way
    from engine.training.rate_plan import RatePlan

_MEASURED = (
    "parameters",
    "total_steps",
    "steps_per_epoch",
    "step_seconds",
    "epoch_seconds",
    "num_evaluations",
    "evaluation_seconds",
    "judged_seconds",
    "num_judged",
    "total_seconds",
    "peak_memory_bytes",
    "disk_bytes",
    "resumable_bytes",
    "free_disk_bytes",
    "has_disk",
)
"""What the answer takes over from the estimate of a run."""
_PARTS = (
    "name",
    "frozen",
    "learned",
    "gradients",
    "moments",
    "averages",
    "activations",
    "total",
)
"""And from the memory of a way of training."""


@click.command()
@recipe_argument
@overrides_option
@click.option(
    "--per-hour",
    type=float,
    help="Price of an hour on this machine.  [default: cost.per_hour of params.toml]",
)
@click.option("--currency", help="Currency of the price.  [default: cost.currency of params.toml]")
@click.option("--cards", is_flag=True, help="Only compute which GPUs the model can be trained on.")
@click.option(
    "--positions",
    default=8192,
    show_default=True,
    type=click.IntRange(min=256),
    help="With --cards: sequence positions in one micro-batch.",
)
@json_option
def command(
    recipe: str,
    overrides: tuple[str, ...],
    per_hour: float | None,
    currency: str | None,
    cards: bool,
    positions: int,
    as_json: bool,
) -> EstimateAnswer | CardsAnswer | None:
    """Measure what training RECIPE on this machine will take: time, memory, disk, money.

    Runs a few real steps on the longest batch and one evaluation, with weights that are thrown
    away. With --cards nothing is run: the memory of several ways of training is computed from the
    sizes of the model, which may be larger than this machine can hold.

    \b
    Examples:
      cantus estimate audio_vae
      cantus estimate audio_vae -S training.batch_size=128
      cantus estimate audio_vae --per-hour 2.5 --currency USD
      cantus estimate higgs_zero_shot --cards
    """
    loaded, _ = load_run(recipe, overrides)
    if loaded.note:
        say(loaded.note)
    if cards:
        ways = _ways(loaded, positions)
        if as_json:
            return _cards_answer(loaded, ways, positions)
        _print_cards(ways, positions)
        return None
    require_corpus(loaded)
    cost = loaded.params.cost
    rate = cost.per_hour if per_hour is None else per_hour
    if rate < 0:
        raise UserError(f"--per-hour {rate:g} must not be negative.")
    found = _measured(loaded, rate, currency or cost.currency)
    if as_json:
        return found
    _print(found)
    return None


def _measured(loaded: Loaded, per_hour: float, currency: str) -> EstimateAnswer:
    import torch

    from engine.runs.estimate import estimate_run
    from engine.runs.initial_weights import remark_on_pick
    from engine.system_support.build import build_system
    from engine.training.average import remark_on_average
    from engine.training.devices import describe, make_device
    from engine.training.processes import num_processes, require_equal_parts

    recipe = loaded.recipe
    processes = num_processes(loaded.params.hardware)
    require_equal_parts(recipe.training, processes)
    notes = [remark_on_pick(recipe.start, loaded.project) if recipe.start else None]
    device = make_device(loaded.params.hardware, recipe.training.precision)
    torch.manual_seed(loaded.params.seed)
    system = build_system(recipe, loaded.project, loaded.params)
    estimate = estimate_run(device, system, recipe, loaded.project.root, processes)
    notes.append(remark_on_average(recipe.training.ema_decay, estimate.total_steps))
    notes += [plan.remark for plan in estimate.rate_plans]
    notes += [estimate.remark_on_judges, *system.dataset_summary.warnings]
    machine = describe(device)
    hours = estimate.total_seconds / 3600
    return EstimateAnswer(
        exit_code=Exit.DONE if estimate.has_disk else Exit.REFUSED,
        recipe=recipe.name,
        system=recipe.system,
        profile=loaded.params.profile,
        device=str(machine["device"]),
        threads=torch.get_num_threads(),
        processes=processes,
        training_clips=len(system.train_clips.ids),
        evaluation_clips=len(system.eval_clips.ids),
        evaluation_set=system.evaluation_set,
        split=system.dataset_summary.split,
        learning_rates=tuple(map(_rates, estimate.rate_plans)),
        price=Price(amount=hours * per_hour, per_hour=per_hour, currency=currency)
        if per_hour
        else None,
        notes=tuple(note for note in notes if note is not None),
        **{name: getattr(estimate, name) for name in _MEASURED},
    )


def _rates(plan: "RatePlan") -> LearningRates:
    return LearningRates(
        turn=plan.turn,
        peak=plan.peak,
        warmup_steps=plan.warmup_steps,
        total_steps=plan.total_steps,
        rates=tuple(RateAt(step=step, rate=rate) for step, rate in plan.rates),
    )


def _print(found: EstimateAnswer) -> None:
    """Print what was measured. Raises UserError where the free disk is not enough."""
    alone = f", of one of {found.processes} processes, measured alone"
    alone = "" if found.processes == 1 else alone
    rows = [
        ("recipe", f"{found.recipe} (profile {found.profile}), {found.system}"),
        ("machine", f"{found.device}, {found.threads} threads"),
        ("clips", f"{found.training_clips} training, {found.evaluation_clips} evaluation"),
        ("evaluation set", f"{short_digest(found.evaluation_set)}: {found.split}"),
        ("parameters", f"{found.parameters:,} trainable"),
        ("updates", f"{found.total_steps:,} ({found.steps_per_epoch:,} an epoch)"),
        *((f"learning rate, {one.turn}", _in_words(one)) for one in found.learning_rates),
        ("step", f"{found.step_seconds * 1000:.0f} ms on the longest batch{alone}"),
        ("epoch", f"{found.epoch_seconds / 60:.1f} min"),
        ("evaluations", _evaluations(found)),
        (
            "total time",
            f"{found.total_seconds / 60:.1f} min of steps and evaluations; preflight, "
            "baselines, samples and export come on top",
        ),
        ("peak memory", f"{in_words(found.peak_memory_bytes)}{alone}"),
        (
            "disk",
            f"{in_words(found.disk_bytes)} for checkpoints (a resumable one "
            f"{in_words(found.resumable_bytes)}); {in_words(found.free_disk_bytes)} are free",
        ),
        ("cost", _cost(found.price)),
        *(("note", note) for note in found.notes),
    ]
    for name, value in rows:
        say(f"{name:<30}{value}")
    if not found.has_disk:
        raise UserError("There is not enough free disk for the checkpoints: free some first.")


def _in_words(rates: LearningRates) -> str:
    from engine.training.rate_plan import RatePlan

    pairs = [(one.step, one.rate) for one in rates.rates]
    return RatePlan(rates.turn, rates.peak, rates.total_steps, rates.warmup_steps, pairs).said


def _evaluations(found: EstimateAnswer) -> str:
    """Number and time of evaluations, and the part of it that judges take."""
    each = f"{found.num_evaluations}, {found.evaluation_seconds:.1f} s each"
    if not found.num_judged:
        return each
    judged = f"{found.judged_seconds:.1f} s of it for {found.num_judged} generated clips"
    return f"{each}, {judged} (trained weights may generate shorter clips)"


def _ways(loaded: Loaded, positions: int) -> Sequence["Way"]:
    """The memory of several ways of training. Raises UserError where a system cannot say it."""
    from engine.system_support.discovery import part_of

    plan = part_of(type(loaded.recipe), "memory_plan")
    if plan is None:
        raise UserError(
            f"The system '{loaded.recipe.system}' cannot compute --cards. Without it, `cantus "
            "estimate` measures the memory of real steps on this machine."
        )
    ways: Sequence[Way] = plan.memory_plan(loaded.recipe, loaded.project, positions)
    return ways


def _cards_answer(loaded: Loaded, ways: Sequence["Way"], positions: int) -> CardsAnswer:
    from engine.training.memory_plan import card_for

    plain = [
        WayOfTraining(
            card=card_for(way.total),
            each_of_8=way.on_each_of(8),
            card_each_of_8=card_for(way.on_each_of(8)),
            **{name: getattr(way, name) for name in _PARTS},
        )
        for way in ways
    ]
    return CardsAnswer(recipe=loaded.recipe.name, positions=positions, ways=tuple(plain))


def _print_cards(ways: Sequence["Way"], positions: int) -> None:
    from engine.training.memory_plan import table

    say(f"GiB at most, by arithmetic, with {positions:,} positions in a part of a step")
    for line in table(ways):
        say(line)


def _cost(price: Price | None) -> str:
    if price is None:
        return "unknown: give --per-hour, or cost.per_hour in params.toml"
    said = f"{price.amount:.2f} {price.currency}"
    return f"{said} at {price.per_hour:g} {price.currency} an hour"
