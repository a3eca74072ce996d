"""`cantus promote`: which checkpoint is in use."""

import click

from engine.errors import UserError
from engine.project import find_project, require_git
from engine.system_support.completing import checkpoints, names, promoted, runs
from engine.terminal.say import say


@click.command()
@click.argument("run", shell_complete=names(runs, promoted, files=True))
@click.option(
    "--checkpoint",
    default="best",
    show_default=True,
    metavar="NAME",
    shell_complete=checkpoints,
    help="Which of the run's checkpoints: best, last, step:N.",
)
@click.option(
    "--because", default="", metavar="WHY", help="Reason to promote a run with objections."
)
@click.option("--as", "name", metavar="NAME", help="Name in use.  [default: the recipe's]")
@click.option("--demote", is_flag=True, help="Take the model promoted as RUN out of use.")
@click.option("--history", is_flag=True, help="Print what was promoted as RUN, when and why.")
def command(
    run: str, checkpoint: str, because: str, name: str | None, demote: bool, history: bool
) -> None:
    """Put a checkpoint of a finished run into use, and record which, when and why.

    RUN is the name of a trained recipe, or the folder of a run. Its model is copied to
    promoted/NAME, which DVC keeps whatever is trained later, and added to the artifacts of
    dvc.yaml. A run is refused without --because if its verdict is to keep another model, if a guard
    fired in it, or if its evaluation clips leaked into training. A model promoted earlier under the
    same name is replaced; all decisions stay in promoted/NAME.toml.

    \b
    Examples:
      cantus promote xtts_phase2
      cantus promote xtts_phase2 --checkpoint step:200 --because "listeners like it" --as voice
      cantus promote voice --history
      cantus promote voice --demote --because "clicks in long sentences"
    """
    project = find_project()
    require_git(project)
    if history and demote:
        raise click.UsageError("Give --history or --demote, not both.")
    if history:
        _print_history(run)
    elif demote:
        _demote(run, because)
    else:
        _promote(run, checkpoint, because, name)


def _promote(run: str, checkpoint: str, because: str, name: str | None) -> None:
    from engine.promotion.promote import candidate, promote
    from engine.system_support.finished_run import finished_run

    project = find_project()
    found = finished_run(project, run)
    name = _require_name(name or found.recipe.name)
    chosen = candidate(project, found, checkpoint)
    decision = promote(project, name, chosen, because)
    value = "" if decision.value is None else f", {decision.metric} {decision.value:.4g}"
    say(f"{name} is {decision.checkpoint} of {found.name}, step {decision.step:,}{value}")
    for line in (*decision.objections, *([f"because: {because}"] if because else [])):
        say(f"  {line}")
    _write_artifacts(name)


def _require_name(name: str) -> str:
    """The name, which becomes a folder's. Raises UserError where it cannot."""
    from engine.recipe.naming import run_name

    if wrong := run_name(name):
        raise UserError(f"'{name}' cannot be a promoted model's name: it {wrong}.")
    return name


def _demote(name: str, because: str) -> None:
    from engine.promotion.promote import demote

    decision = demote(find_project(), _require_name(name), because)
    say(f"{name} is no longer in use: it was {decision.checkpoint} of run {decision.run}")
    _write_artifacts(None, name)


def _write_artifacts(name: str | None, demoted: str = "") -> None:
    """Update dvc.yaml; print the git commands that come next."""
    from engine.pipeline.dvc_yaml import write_artifacts
    from engine.promotion.artifacts import artifact_name, promoted_artifacts

    project = find_project()
    write_artifacts(project.dvc_yaml, promoted_artifacts(project))
    say(f"Commit it: git add dvc.yaml promoted && git commit -m 'Promote {name or demoted}'")
    if name:
        say(
            f"To register it in DVC's model registry after that: gto register {artifact_name(name)}"
        )


def _print_history(name: str) -> None:
    from engine.promotion.record import history_of

    decisions = history_of(find_project(), _require_name(name))
    if not decisions:
        raise UserError(f"Nothing was ever promoted as '{name}'.")
    for one in decisions:
        value = "" if one.value is None else f", {one.metric} {one.value:.4g}"
        what = f"{one.checkpoint} of {one.recipe} {one.run}, step {one.step:,}{value}"
        say(f"{one.at}  {one.decision}  {what}  (commit {one.commit or 'none'})")
        for line in (*one.objections, *([f"because: {one.because}"] if one.because else [])):
            say(f"  {line}")
