"""What other trainers notice of the faults that are planted into Cantus's systems.

Run it from the project: python -m benchmarks.mutants.rivals --folder SCRATCH [--pieces N]. Each
training is one line of SCRATCH/rivals.jsonl, and a second call continues after the last.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from benchmarks.mutants.campaign import Campaign
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.piece import Piece
from benchmarks.mutants.preload import preload
from benchmarks.mutants.project import Projects
from benchmarks.mutants.rivals.page import write_results
from benchmarks.mutants.rivals.piece import TRAINERS, run_rival
from benchmarks.mutants.setups import SETUPS

SYSTEMS = ("audio_vae", "codec")
"""One system with a turn, one with two: an autoencoder, and a codec with its discriminators."""


@click.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="scratch and rows")
@click.option("--pieces", type=int, help="trainings to do now  [default: all that are left]")
@click.option("--seed", "seeds", type=int, multiple=True, default=[1], show_default=True)
def main(folder: Path, pieces: int | None, seeds: tuple[int, ...]) -> None:
    """Do the trainings that are left, and write what was noticed."""
    rows, projects = folder / "rivals.jsonl", Projects(folder.resolve())
    campaign = Campaign(projects, rows)
    known = [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []
    done = {(row["trainer"], row["system"], row["operator"], row["seed"]) for row in known}
    left = [one for one in _planned(seeds) if (one[0], *one[1].key) not in done]
    preload()
    for module in TRAINERS.values():
        import_module(module)
    for trainer, piece in left[:pieces]:
        campaign.prepare(piece)
        row = run_rival(trainer, piece, projects)
        known.append(row)
        with rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        said = [one["text"] for one in row["notices"]] or [row.get("unfit", "-")]
        click.echo(f"{trainer:<10} {row['system']:<10} {row['operator']:<30} {said[0][:90]}")
    write_results(known)


def _planned(seeds: tuple[int, ...]) -> Iterator[tuple[str, Piece]]:
    for system in SYSTEMS:
        for seed in seeds:
            for operator in (None, *CATALOGUE.values()):
                setup = SETUPS[system]
                if operator is not None and operator.why_not(system, setup.anatomy):
                    continue
                for trainer in TRAINERS:
                    yield trainer, Piece(setup, operator, seed)


if __name__ == "__main__":
    main()
