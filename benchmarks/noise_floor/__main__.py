"""How often equal recipes are called different, and true differences found.

Run it from a project whose corpora `words` and `voice` are ingested:
python -m benchmarks.noise_floor [--pieces N]. Each seed is one line of results/noise_floor/, with
its figures of each clip; a second call continues with the seeds that are missing.
"""

import json
from pathlib import Path
from typing import Any

import click

from benchmarks.keep_results import FOLDER
from benchmarks.noise_floor.recipes import GROUPS, Seeds
from benchmarks.noise_floor.summary import write_summary
from benchmarks.noise_floor.train import train
from engine.project import Project, find_project


@click.command()
@click.option("--pieces", type=int, help="seeds to train now  [default: all that are missing]")
@click.option("--keep", type=click.Path(path_type=Path), default=FOLDER / "noise_floor")
def main(pieces: int | None, keep: Path) -> None:
    """Train the seeds that are missing, and write the summary of all."""
    project = find_project()
    missing = [
        (group, seed)
        for group in GROUPS
        for seed in range(1, group.number + 1)
        if seed not in {row["seed"] for row in read_rows(group, keep)}
    ]
    click.echo(f"{len(missing)} seeds are missing")
    for group, seed in missing[:pieces]:
        _train(group, seed, project, keep)
    write_summary({group.name: read_rows(group, keep) for group in GROUPS}, keep.parent)


def read_rows(group: Seeds, folder: Path) -> list[dict[str, Any]]:
    """The rows of a group's seeds, by seed."""
    path = folder / f"{group.name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return sorted((json.loads(line) for line in lines), key=lambda row: int(row["seed"]))


def _train(group: Seeds, seed: int, project: Project, folder: Path) -> None:
    row = train(group, seed, project)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{group.name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    click.echo(f"{group.name} seed {seed}: {row['ending']}, {row['cpu_seconds']} s of CPU")


if __name__ == "__main__":
    main()
