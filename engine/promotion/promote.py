"""Promotes a checkpoint of a finished run, or demotes it, and records why."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.clip_table import read_clip_table
from engine.evaluation.digests import shared_rows
from engine.evaluation.lineage import read_ancestors
from engine.evaluation.unit import Unit
from engine.files.atomic import new_folder
from engine.files.nearest import suggestion
from engine.files.untrusted import read_json_object
from engine.listening.verdict import verdict_by_listening
from engine.programs import dvc, git, is_git_checkout
from engine.project import Project
from engine.promotion.artifacts import require_own_artifact
from engine.promotion.kept_files import kept_files
from engine.promotion.record import Promotion, add_decision, folder_of, in_use, promoted_names
from engine.report.history import History
from engine.report.objections import Objection, objections
from engine.report.remark import remark_on_verdict
from engine.report.run_files import RunFiles

_BEST = "best"
_BESIDE = ("lineage", "evaluation")
_FILES = ("recipe.toml", "params.toml", "run.json", "metrics.json", "verdict.json", "events.jsonl")
"""Files on the origin of a model, which are copied with it."""


@frozen
class Candidate:
    """A checkpoint of a finished run, and the objections to it."""

    run: RunFiles
    checkpoint: str
    step: int
    value: float | None
    """Value of the metric that picks the best; None where the step was not evaluated."""
    verdict: str
    objections: tuple[Objection, ...]

    @property
    def refused(self) -> list[str]:
        """Objections that refuse the promotion unless a reason is given."""
        return [one.says for one in self.objections if one.refuses]


def candidate(project: Project, run: RunFiles, checkpoint: str) -> Candidate:
    """A checkpoint (best, last, step:N) of a run. Raises UserError where it does not exist."""
    name, there = checkpoint.replace(":", "_"), run.folder / "checkpoints"
    known = sorted(path.name for path in there.glob("[!.]*") if path.is_dir())
    if name not in known:
        there_are = [one.replace("_", ":") for one in known]
        raise UserError(
            f"{run.name} has no checkpoint '{checkpoint}' in {there}."
            f"{suggestion(checkpoint, there_are)} There are: {', '.join(there_are) or 'none'}."
        )
    from engine.training.checkpoint import find_damage  # imports torch

    if damage := find_damage(there / name):
        raise UserError(f"The checkpoint {there / name} is damaged: {damage}. Train it again.")
    listened = verdict_by_listening(project, run.recipe, _identity(run))
    history = History.of(run.folder).with_finish(listened)
    step = int(read_json_object(there / name / "state.json")["step"])
    return Candidate(
        run,
        name,
        step,
        _value(run, history, name, step),
        _verdict(history, project),
        (*objections(history), *_leaks(run), *_of_another_step(history, name, step)),
    )


def promote(project: Project, name: str, chosen: Candidate, because: str) -> Promotion:
    """Put a checkpoint into use under a name, in place of the former one.

    Raises UserError, and changes nothing, where there are objections and no reason is given, where
    another model has the name in DVC's registry, and where DVC fails.
    """
    if chosen.refused and not because:
        raise UserError(
            f"{chosen.run.name} is not promoted. {' '.join(chosen.refused)} To promote it "
            'nevertheless, give a reason: --because "..."'
        )
    require_own_artifact(name, [one for one in promoted_names(project) if in_use(project, one)])
    _place(project, name, chosen)
    decision = _decision(project, name, chosen, because)
    add_decision(project, name, decision)
    return decision


def demote(project: Project, name: str, because: str) -> Promotion:
    """Take the model promoted under a name out of use. Raises UserError without one."""
    present = in_use(project, name)
    if present is None:
        raise UserError(f"Nothing is promoted as '{name}'.")
    tracked = project.promoted / f"{name}.dvc"
    if tracked.is_file():
        dvc(project.root, "remove", "-q", str(tracked.relative_to(project.root)))
    shutil.rmtree(folder_of(project, name), ignore_errors=True)
    decision = Promotion(
        decision="demoted",
        at=_now(),
        recipe=present.recipe,
        run=present.run,
        checkpoint=present.checkpoint,
        step=present.step,
        metric=present.metric,
        because=because,
        commit=_commit(project),
    )
    add_decision(project, name, decision)
    return decision


def _place(project: Project, name: str, chosen: Candidate) -> None:
    """Put the files in place and let DVC track them; where that fails, restore the former ones."""
    place = folder_of(project, name)
    before = place.with_name(f".{name}.before")
    if before.is_dir() and not place.is_dir():
        before.rename(place)  # a promotion was killed before the new files were in place
    shutil.rmtree(before, ignore_errors=True)
    if place.is_dir():
        place.rename(before)
    try:
        with new_folder(place) as folder:
            _copy(chosen, folder)
        dvc(project.root, "add", "-q", str(place.relative_to(project.root)))
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if before.is_dir():
            before.rename(place)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _copy(chosen: Candidate, folder: Path) -> None:
    """Copy the checkpoint; its exported files, where it is the best; and its origin."""
    source = chosen.run.folder
    shutil.copytree(source / "checkpoints" / chosen.checkpoint, folder / "checkpoint")
    folders = [*_BESIDE, *(["export"] if chosen.checkpoint == _BEST else [])]
    for part in folders:
        if (source / part).is_dir():
            shutil.copytree(source / part, folder / part)
    for file in _FILES:
        if (source / file).is_file():
            shutil.copy2(source / file, folder / file)


def _decision(project: Project, name: str, chosen: Candidate, because: str) -> Promotion:
    run = chosen.run
    unit = run.unit(run.recipe.training.best)
    return Promotion(
        decision="promoted",
        at=_now(),
        recipe=run.recipe.name,
        run=_identity(run),
        checkpoint=chosen.checkpoint,
        step=chosen.step,
        metric=run.recipe.training.best,
        value=chosen.value,
        evaluation_set=run.evaluation_set or "",
        unit=unit.in_words if isinstance(unit, Unit) else str(unit or ""),
        verdict=chosen.verdict,
        objections=tuple(one.says for one in chosen.objections),
        because=because,
        commit=_commit(project),
        files=dict(kept_files(folder_of(project, name))),
    )


def _identity(run: RunFiles) -> str:
    return str(read_json_object(run.folder / "run.json").get("identity", ""))


def _verdict(history: History, project: Project) -> str:
    """The verdict in a phrase, and a remark where its comparison is outdated."""
    found = history.facts("finish").get("verdict")
    said = f"{found['say']}; keep {found['keep']}" if found else ""
    return ". ".join(filter(None, [said, remark_on_verdict(history, project)]))


def _value(run: RunFiles, history: History, checkpoint: str, step: int) -> float | None:
    """The deciding metric of a checkpoint, where its step was evaluated."""
    metric = run.recipe.training.best
    if checkpoint == _BEST:
        return run.result(metric)
    steps, values = history.curve(metric)
    return dict(zip(steps, values, strict=True)).get(step)


def _leaks(run: RunFiles) -> Iterator[Objection]:
    """Evaluation clips that the model, or one before it, was trained on."""
    table = run.folder / "evaluation" / "clips.tsv"
    try:
        clips = read_clip_table(table).digests
        trained = read_ancestors(run.folder)
    except (UserError, FileNotFoundError) as error:
        yield Objection(f"It is unknown whether evaluation clips leaked into training: {error}")
        return
    for name, audio in trained.items():
        if shared := len(shared_rows(clips, audio.digests)):
            yield Objection(
                f"Its evaluation leaked: {shared:,} of the {len(clips):,} evaluation clips were "
                f"trained on by {'it' if name == run.folder.name else name}."
            )


def _of_another_step(history: History, checkpoint: str, step: int) -> Iterator[Objection]:
    best: Any = history.facts("finish").get("best_step")
    if checkpoint != _BEST and best is not None and best != step:
        yield Objection(f"The verdict is of step {best:,}, not of step {step:,}.", refuses=False)


def _commit(project: Project) -> str:
    """The commit the project is at, with a plus where files under git differ from it."""
    if not is_git_checkout(project.root):
        return ""
    try:
        head = git(project.root, "rev-parse", "--short=12", "HEAD")
        changed = git(project.root, "status", "--porcelain", "--untracked-files=no")
    except UserError:  # a repository without a commit
        return ""
    return f"{head}+" if changed else head


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
