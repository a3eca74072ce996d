"""`cantus estimate`: what a run will cost, before it runs."""

from typing import TYPE_CHECKING

import click

from engine.cli.show.load import Loaded
from engine.cli.show.load_run import load_run, require_corpus
from engine.cli.show.recipe_options import overrides_option, recipe_argument
from engine.errors import UserError
from engine.files.disk import in_words
from engine.terminal.say import say
from engine.tracking.comparable import short_digest

if TYPE_CHECKING:
    from engine.runs.estimate import RunEstimate


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
def command(
    recipe: str,
    overrides: tuple[str, ...],
    per_hour: float | None,
    currency: str | None,
    cards: bool,
    positions: int,
) -> None:
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
        _print_cards(loaded, positions)
        return
    require_corpus(loaded)
    cost = loaded.params.cost
    rate = cost.per_hour if per_hour is None else per_hour
    if rate < 0:
        raise UserError(f"--per-hour {rate:g} must not be negative.")
    _print_estimate(loaded, rate, currency or cost.currency)


def _print_estimate(loaded: Loaded, per_hour: float, currency: str) -> None:
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
    alone = "" if processes == 1 else f", of one of {processes} processes, measured alone"
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
    rows = [
        ("recipe", f"{recipe.name} (profile {loaded.params.profile}), {recipe.system}"),
        ("machine", f"{machine['device']}, {machine['threads']} threads"),
        (
            "clips",
            f"{len(system.train_clips.ids)} training, {len(system.eval_clips.ids)} evaluation",
        ),
        (
            "evaluation set",
            f"{short_digest(system.evaluation_set)}: {system.dataset_summary.split}",
        ),
        ("parameters", f"{estimate.parameters:,} trainable"),
        ("updates", f"{estimate.total_steps:,} ({estimate.steps_per_epoch:,} an epoch)"),
        *((f"learning rate, {plan.turn}", plan.said) for plan in estimate.rate_plans),
        ("step", f"{estimate.step_seconds * 1000:.0f} ms on the longest batch{alone}"),
        ("epoch", f"{estimate.epoch_seconds / 60:.1f} min"),
        ("evaluations", _evaluations(estimate)),
        (
            "total time",
            f"{estimate.total_seconds / 60:.1f} min of steps and evaluations; preflight, "
            "baselines, samples and export come on top",
        ),
        ("peak memory", f"{in_words(estimate.peak_memory_bytes)}{alone}"),
        (
            "disk",
            f"{in_words(estimate.disk_bytes)} for checkpoints (a resumable one "
            f"{in_words(estimate.resumable_bytes)}); {in_words(estimate.free_disk_bytes)} are free",
        ),
        ("cost", _cost(hours, per_hour, currency)),
    ]
    rows += [("note", note) for note in notes if note is not None]
    for name, value in rows:
        say(f"{name:<30}{value}")
    if estimate.disk_bytes > estimate.free_disk_bytes:
        raise UserError("There is not enough free disk for the checkpoints: free some first.")


def _evaluations(estimate: "RunEstimate") -> str:
    """Number and time of evaluations, and the part of it that judges take."""
    each = f"{estimate.num_evaluations}, {estimate.evaluation_seconds:.1f} s each"
    if not estimate.num_judged:
        return each
    judged = f"{estimate.judged_seconds:.1f} s of it for {estimate.num_judged} generated clips"
    return f"{each}, {judged} (trained weights may generate shorter clips)"


def _print_cards(loaded: Loaded, positions: int) -> None:
    from engine.system_support.discovery import part_of
    from engine.training.memory_plan import table

    plan = part_of(type(loaded.recipe), "memory_plan")
    if plan is None:
        raise UserError(
            f"The system '{loaded.recipe.system}' cannot compute --cards. Without it, `cantus "
            "estimate` measures the memory of real steps on this machine."
        )
    say(f"GiB at most, by arithmetic, with {positions:,} positions in a part of a step")
    for line in table(plan.memory_plan(loaded.recipe, loaded.project, positions)):
        say(line)


def _cost(hours: float, per_hour: float, currency: str) -> str:
    if per_hour == 0:
        return "unknown: give --per-hour, or cost.per_hour in params.toml"
    return f"{hours * per_hour:.2f} {currency} at {per_hour:g} {currency} an hour"
