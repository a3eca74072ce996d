"""A finished model measured again, with the installed versions; nothing is trained.

What was measured by older programs, or by an older Cantus that did not say how, is compared with
nothing. The new figures replace those of the best weights and of the baselines in the model's
metrics and in its tables of clips. Curves, report and verdict stay those of the run.
"""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table, write_clip_table
from engine.evaluation.digests import keys
from engine.evaluation.unit_facts import unit_facts, with_units
from engine.files.atomic import replace_folder
from engine.files.untrusted import as_user_error, read_json_object
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
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


def measure(recipe: Recipe, project: Project, params: Params) -> dict[str, float]:
    """Measure `models/<recipe>` again on its evaluation clips; return the figures (`eval/...`).

    Raises UserError where the model's data is not there, or gives other evaluation clips than it
    was measured on. Nothing is changed then.
    """
    model = project.model(recipe.name)
    system = _system(recipe, project, params, model)
    table = _same_clips(model, system)
    with torch.no_grad():
        baselines, result = system.baselines(), system.evaluate()
    event = _event(recipe, system, model, baselines, result)
    beside = model.with_name(f".{model.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    link_tree(model, beside)
    measured = _columns(table, system, baselines, result)
    _write_tables(beside / "evaluation", measured, result, system, recipe)
    _put(beside, event, recipe, project)
    return dict(result.metrics)


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


def _same_clips(model: Path, system: System) -> ClipTable:
    """The table of the model's evaluation clips. Raises UserError where the clips differ."""
    path = model / "evaluation" / "clips.tsv"
    table = read_clip_table(path)
    if sorted(keys(table.digests)) != sorted(keys(system.eval_clips.digests)):
        raise UserError(
            f"The evaluation clips are not those that {model.name} was measured on ({path}): its "
            "corpus has changed since. Restore the corpus, or train the recipe again."
        )
    return table


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


def _columns(
    table: ClipTable, system: System, baselines: Evaluated, result: Evaluated
) -> ClipTable:
    """The table with the new figures; other columns keep what they are in."""
    clips = system.eval_clips
    places = {
        key: place for place, key in enumerate(zip(clips.ids, keys(clips.digests), strict=True))
    }
    by_digest = {key: place for place, key in enumerate(keys(clips.digests))}
    rows = [
        places.get((id_, key), by_digest[key])
        for id_, key in zip(table.ids, keys(table.digests), strict=True)
    ]
    new = {f"baseline/{name}": values for name, values in baselines.per_clip.items()}
    new |= {f"best/{name}": values for name, values in result.per_clip.items()}
    return evolve(table, figures={n: np.asarray(values)[rows] for n, values in new.items()})


def _write_tables(
    folder: Path, table: ClipTable, result: Evaluated, system: System, recipe: Recipe
) -> None:
    tables = {"clips": table}
    if (judged := result.judged) is not None:
        figures = {f"best/{name}": values for name, values in judged.figures.items()}
        tables["judged"] = ClipTable(tuple(judged.ids), judged.digests, figures)
    for name, one in tables.items():
        measured = with_units(one, system.metric_units, recipe.system)
        write_clip_table(folder / f"{name}.tsv", measured)


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


def in_words(figures: Mapping[str, float], before: Mapping[str, Any], recipe: Recipe) -> str:
    """The figure that picks the best weights, as it is and as it was, in a sentence."""
    best = recipe.training.best
    new, old = figures[best], before.get(best)
    said = f"{recipe.name}: {best} is {new:.6g}, measured with the installed versions"
    if not isinstance(old, float | int):
        return f"{said}; no figure was kept before"
    return f"{said}; it was {old:.6g}" + (": the same" if new == old else f" ({new - old:+.3g})")
