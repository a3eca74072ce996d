"""A finished model measured again, with the installed versions; nothing is trained.

What was measured by older programs, or by an older Cantus that did not say how, is compared with
nothing. The new figures replace those of the best weights and of the baselines in the model's
metrics and in its tables of clips. Figures of other weights (before step 1, or best by another
rule) are not measured again: they stay where they are of the same evaluation set and in the unit of
the new figures, and are left out elsewhere. Curves, report and verdict stay those of the run.
"""

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen

from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table, write_clip_table
from engine.evaluation.digests import keys
from engine.evaluation.unit_facts import measured_name, unit_facts, with_units
from engine.files.atomic import replace_folder
from engine.files.untrusted import as_user_error, read_json_object
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.report.run_files import RunFiles
from engine.runs.folder import RunFolder
from engine.runs.model_store import keep_model, link_tree, place_model
from engine.runs.publish import final_metrics, publish
from engine.system_support.build import build_system
from engine.tracking.dvc_files import write_metrics
from engine.tracking.events import Event, EventLog, read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.devices import make_device
from engine.training.system import Evaluated, System

MEASURED = "measured"
"""The kind of event that holds the new figures."""
_ROUNDING = 1e-8
"""The relative difference of a clip's figure from itself as a table keeps it, at most."""


@frozen(eq=False)
class MeasuredAgain:
    """Results of measuring again, and the results before."""

    best: str
    """The recipe's `training.best`."""
    figures: Mapping[str, float]
    """The new figures of the best weights (`eval/...`)."""
    was: float | None
    """The figure of `best` before; None where none was kept."""
    clips: tuple[np.ndarray, np.ndarray] | None
    """The figures of each clip by `best`, as they were and as they are; None where not kept."""
    left_out: Sequence[str]
    """Figures and columns that are no longer there."""

    def in_words(self, name: str) -> str:
        """The figure that picks the best weights, as it is and as it was, and what is left out."""
        new, old = self.figures[self.best], self.was
        said = f"{name}: {self.best} is {new:.6g}, measured with the installed versions"
        if old is None:
            said += "; no figure was kept before"
        else:
            said += f"; it was {old:.6g}" + (": the same" if new == old else f" ({new - old:+.3g})")
        said += "." + self._by_clip()
        if self.left_out:
            said += (
                f" Left out, because they are not measured again and are not known to be in the "
                f"unit, and of the evaluation set, of the new figures: {', '.join(self.left_out)}."
            )
        return said

    def _by_clip(self) -> str:
        if self.clips is None:
            return ""
        old, new = self.clips
        differ = ~np.isclose(new, old, rtol=_ROUNDING, atol=0.0, equal_nan=True)
        if not differ.any():
            return f" No figure of its {len(new):,} clips changed."
        changes = (new - old)[differ]
        largest = changes[np.argmax(np.nan_to_num(np.abs(changes), nan=np.inf))]
        return (
            f" The figures of {int(differ.sum()):,} of {len(new):,} clips changed, at most by "
            f"{largest:+.3g}."
        )


def measure(recipe: Recipe, project: Project, params: Params) -> MeasuredAgain:
    """Measure `models/<recipe>` again on its evaluation clips, and keep the figures.

    Raises UserError where the model's data is not there, or gives other evaluation clips than it
    was measured on. Nothing is changed then.
    """
    model = project.model(recipe.name)
    system = _system(recipe, project, params, model)
    before, old = RunFiles(recipe.name, model, recipe), _tables(model, system)
    best, was, known = recipe.training.best, before.result(recipe.training.best), _known(model)
    same_set = before.evaluation_set == system.evaluation_set
    with torch.no_grad():
        baselines, result = system.baselines(), system.evaluate()
    event = _event(recipe, system, model, baselines, result)
    new = {
        name: _joined(table, old.get(name), event, same_set=same_set)
        for name, table in _measured(old["clips"], system, recipe, baselines, result).items()
    }
    beside = model.with_name(f".{model.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    link_tree(model, beside)
    for name, table in new.items():
        write_clip_table(beside / "evaluation" / f"{name}.tsv", table)
    _put(beside, event, recipe, project)
    known |= {column for name in new.keys() & old.keys() for column in old[name].figures}
    there = _known(model).union(*(table.figures for table in new.values()))
    clips = _clips_of(best, old, new)
    return MeasuredAgain(best, dict(result.metrics), was, clips, sorted(known - there))


def _system(recipe: Recipe, project: Project, params: Params, model: Path) -> System:
    """The system with the model's best weights."""
    with as_user_error(f"{model / 'run.json'} does not say with which seed the run was trained."):
        seed = int(read_json_object(model / "run.json")["covers"]["seed"])
    torch.manual_seed(seed)
    system = build_system(recipe, project, evolve(params, seed=seed))
    weights = read_checkpoint(model / "checkpoints" / "best").weights
    with as_user_error(f"The weights in {model} do not fit its recipe: train it again."):
        system.module.load_state_dict(dict(weights), strict=True)
    device = make_device(params.hardware, recipe.training.precision)
    system.module.to(device.torch_device).eval()
    return system


def _tables(model: Path, system: System) -> dict[str, ClipTable]:
    """The model's tables of clips. Raises UserError where the evaluation clips differ."""
    folder = model / "evaluation"
    path = folder / "clips.tsv"
    table = read_clip_table(path)
    if sorted(keys(table.digests)) != sorted(keys(system.eval_clips.digests)):
        raise UserError(
            f"The evaluation clips are not those that {model.name} was measured on ({path}): its "
            "corpus has changed since. Restore the corpus, or train the recipe again."
        )
    judged = folder / "judged.tsv"
    return {"clips": table} | ({"judged": read_clip_table(judged)} if judged.is_file() else {})


def _known(model: Path) -> set[str]:
    """The figures of evaluations in a model's metrics (`eval/mel`, `untrained/mel`)."""
    events = [*read_events(model / "events.jsonl")]
    metrics = final_metrics(events, _finish(model).facts["best_step"])
    return {name for name in metrics if measured_name(name) != name}


def _event(
    recipe: Recipe, system: System, model: Path, baselines: Evaluated, result: Evaluated
) -> Event:
    metrics = {**baselines.metrics, **result.metrics}
    facts = {
        "evaluation_set": system.evaluation_set,
        **unit_facts(metrics, system.metric_units, recipe.system),
        "metrics": {name: _finite(value) for name, value in metrics.items()},
    }
    return Event(MEASURED, _finish(model).step, _finish(model).epoch, facts=facts)


def _finish(model: Path) -> Event:
    events = [*read_events(model / "events.jsonl")]
    return next(event for event in reversed(events) if event.kind == "finish")


def _measured(
    clips: ClipTable, system: System, recipe: Recipe, baselines: Evaluated, result: Evaluated
) -> dict[str, ClipTable]:
    """The new figures of each clip, in the order of the rows of `clips`, with their units."""
    rows = _rows(clips, system)
    new = {f"baseline/{name}": values for name, values in baselines.per_clip.items()}
    new |= {f"best/{name}": values for name, values in result.per_clip.items()}
    ordered = {name: np.asarray(values)[rows] for name, values in new.items()}
    tables = {"clips": ClipTable(clips.ids, clips.digests, ordered)}
    if (judged := result.judged) is not None:
        figures = {f"best/{name}": values for name, values in judged.figures.items()}
        tables["judged"] = ClipTable(tuple(judged.ids), judged.digests, figures)
    units = system.metric_units
    return {name: with_units(table, units, recipe.system) for name, table in tables.items()}


def _rows(table: ClipTable, system: System) -> list[int]:
    """The evaluation clip of each row of a table."""
    clips = system.eval_clips
    places = {
        key: place for place, key in enumerate(zip(clips.ids, keys(clips.digests), strict=True))
    }
    by_digest = {key: place for place, key in enumerate(keys(clips.digests))}
    return [
        places.get((id_, key), by_digest[key])
        for id_, key in zip(table.ids, keys(table.digests), strict=True)
    ]


def _joined(new: ClipTable, old: ClipTable | None, event: Event, *, same_set: bool) -> ClipTable:
    """New figures, and earlier ones (`old`) that stay and have the unit of the new.

    `same_set` says whether both are of one evaluation set.
    """
    if old is None or not same_set or not _same_rows(new, old):
        return new
    now = event.facts["scales"] | {measured_name(name): unit for name, unit in new.units.items()}
    kept = {
        name: values
        for name, values in old.figures.items()
        if (own := old.units.get(name)) and now.get(measured_name(name), own) == own
    }
    units = {name: old.units[name] for name in kept}
    return evolve(new, figures={**kept, **new.figures}, units={**units, **new.units})


def _same_rows(new: ClipTable, old: ClipTable) -> bool:
    return new.ids == old.ids and np.array_equal(new.digests, old.digests)


def _clips_of(
    metric: str, old: Mapping[str, ClipTable], new: Mapping[str, ClipTable]
) -> tuple[np.ndarray, np.ndarray] | None:
    """The figures of each clip by a metric, as they were and as they are; None where not kept."""
    column = f"best/{measured_name(metric)}"
    for name in new.keys() & old.keys():
        tables = old[name], new[name]
        if _same_rows(*tables) and all(column in table.figures for table in tables):
            return tables[0].figures[column], tables[1].figures[column]
    return None


def _put(beside: Path, event: Event, recipe: Recipe, project: Project) -> None:
    """Make the folder `beside` the model, in the run's folder too where that is still there."""
    model, events = project.model(recipe.name), beside / "events.jsonl"
    _append(events, event)
    step = _finish(beside).facts["best_step"]
    write_metrics(beside / "metrics.json", final_metrics([*read_events(events)], step))
    identity = read_json_object(beside / "run.json").get("identity")
    run = RunFolder(project.runs(recipe.name) / str(identity))
    if run.model.is_dir():
        with run.locked():
            _append(run.events, event)
            keep_model(beside, run)
            place_model(run, model)
    else:
        replace_folder(beside, model)
    publish(project, recipe, model / "events.jsonl", step)


def _append(path: Path, event: Event) -> None:
    """Add an event to a log of its own: the file may be linked from elsewhere."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    log = EventLog(path)
    log.write(event)
    log.close()


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
