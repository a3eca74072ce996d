"""Count false stops and false warnings on runs that nothing is wrong with.

Run it from the project: python -m benchmarks.healthy --keep FOLDER [--pieces N]. Each run is one
line of FOLDER/rows.jsonl, and a second call continues after the last. Their events stay in FOLDER.
With other code, give another folder.
"""

import json
from pathlib import Path
from typing import Any

import click

from benchmarks.healthy.catalogue import HealthyRun, healthy_runs
from benchmarks.healthy.piece import forget, train
from benchmarks.healthy.project import RECORDED, open_project
from benchmarks.healthy.summary import write_summary
from benchmarks.mutants.preload import preload
from engine.project import Project


@click.command()
@click.option("--keep", required=True, type=click.Path(path_type=Path), help="where rows go")
@click.option(
    "--recordings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="real recordings, with the folders that project.py names  [default: runs without any]",
)
@click.option("--pieces", type=int, help="runs to train now  [default: all that are left]")
@click.option("--only", default=("",), multiple=True, help="runs whose name begins so")
def main(keep: Path, recordings: Path | None, pieces: int | None, only: tuple[str, ...]) -> None:
    """Train the runs that are left, and write the summary of all."""
    keep = keep.resolve()
    project = open_project(keep / "project", recordings)
    runs = [run for run in healthy_runs() if recordings or run.corpus not in RECORDED]
    done = {row["run"] for row in read_rows(keep)}
    left = [run for run in runs if run.name not in done and run.name.startswith(only)]
    preload()
    for run in left[:pieces]:
        _train_parents(run, runs, project, keep)
        row = train(run, project, keep)
        _add(row, keep)
        click.echo(f"{run.name:<28} {row['ending']:<12} {row['cpu_seconds']:6.1f} s  {_said(row)}")
        if not any(run.name in other.needs for other in runs):
            forget(run, project)
    write_summary(read_rows(keep), len(runs))


def read_rows(keep: Path) -> list[dict[str, Any]]:
    """The rows of finished runs."""
    path = keep / "rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def _add(row: dict[str, Any], keep: Path) -> None:
    with (keep / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _train_parents(run: HealthyRun, runs: list[HealthyRun], project: Project, keep: Path) -> None:
    """Train again what the run needs and is not there: its row was written before."""
    for name in run.needs:
        if not project.model(name).is_dir():
            parent = next(other for other in runs if other.name == name)
            _train_parents(parent, runs, project, keep)
            train(parent, project, keep)


def _said(row: dict[str, Any]) -> str:
    kinds = ("stops", "warnings", "missed", "undecided")
    return "; ".join(f"{kind}: {', '.join(row[kind])}" for kind in kinds if row.get(kind))


if __name__ == "__main__":
    main()
