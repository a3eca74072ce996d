"""One healthy run: trained by the command line in a process of its own, and its row."""

import multiprocessing
import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.healthy.catalogue import HealthyRun
from benchmarks.healthy.findings import REFUSED, findings_of
from benchmarks.healthy.project import require_corpus, set_seed
from engine.project import Project
from engine.recipe import load_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.run_command import newest_folder

_SECONDS = 1_200
"""A run that takes longer is ended, and its row says so."""


def train(run: HealthyRun, project: Project, keep: Path) -> dict[str, Any]:
    """Train a run from its beginning; its row. Its events stay in `keep`."""
    require_corpus(project, run.corpus)
    set_seed(project, run.seed)
    forget(run, project)
    before = _cpu_seconds()
    log = keep / "logs" / f"{run.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    codes = [_command(run, project, log, run.stop_at)] if run.stop_at else []
    codes.append(_command(run, project, log))
    row = {
        "run": run.name,
        "recipe": run.recipe,
        "system": load_recipe(project.recipe(run.recipe), classes=recipe_classes()).system,
        "kind": run.kind,
        "seed": run.seed,
        "values": list(run.values),
        "exit_codes": codes,
        "cpu_seconds": round(_cpu_seconds() - before, 1),
        "said": log.read_text(encoding="utf-8").strip().splitlines()[-1:],
    }
    folder = newest_folder(project, run.name)
    if folder is None:
        return row | REFUSED
    _keep_events(folder, keep / "events" / run.name)
    return row | findings_of(folder)


def forget(run: HealthyRun, project: Project) -> None:
    """Delete the run's state and model."""
    shutil.rmtree(project.runs(run.name), ignore_errors=True)
    shutil.rmtree(project.model(run.name), ignore_errors=True)


def _command(run: HealthyRun, project: Project, log: Path, stop_at: int | None = None) -> int:
    """The exit code of `cantus train`: in a fork, which has imported torch already."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_train, args=(run.words, project.root, log, stop_at))
    process.start()
    process.join(_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode if process.exitcode is not None else -signal.SIGKILL


def _train(words: list[str], root: Path, log: Path, stop_at: int | None) -> None:
    from engine.cli import main
    from engine.cli.show.console import ConsoleWatcher

    os.chdir(root)
    with (
        log.open("a", encoding="utf-8") as file,
        patch("engine.runs.finish.build_report", _no_page),
    ):
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
        if stop_at is not None:
            _interrupt_at(stop_at, ConsoleWatcher)
        main(words)


def _no_page(*_: object) -> None:
    """No report: its curves take seconds, and what a run found is in its events."""


def _interrupt_at(step: int, watcher: Any) -> None:
    """Send this process a signal at the first progress from a step on, as a scheduler would."""
    progress = watcher.progress

    def interrupting(self: Any, found: Any) -> None:
        progress(self, found)
        if found.step >= step:
            os.kill(os.getpid(), signal.SIGTERM)

    watcher.progress = interrupting


def _keep_events(folder: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for name in ("events.jsonl", "run.json", "recipe.toml"):
        shutil.copy2(folder / name, kept / name)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
