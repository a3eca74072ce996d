"""How often a diagnosis is right, on recorded runs whose fault or system it does not know.

Run it from the project: python -m benchmarks.diagnosis RUNS.. [--healthy FOLDER] [--write].
RUNS are campaigns of benchmarks.mutants, FOLDER is one of benchmarks.healthy: both keep their
events. With --write the recorded runs are put into the package, for `cantus why`.
"""

from pathlib import Path

import click

from benchmarks.diagnosis.collect import healthy_signatures, mutant_signatures
from benchmarks.diagnosis.leave_out import evaluate
from benchmarks.diagnosis.page import write_results
from engine.report.diagnosis.signatures import write_signatures

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("mutants", nargs=-1, type=FOLDER)
@click.option("--healthy", multiple=True, type=FOLDER, help="campaigns of benchmarks.healthy")
@click.option("--write", is_flag=True, help="put the recorded runs into the package")
def main(mutants: tuple[Path, ...], healthy: tuple[Path, ...], write: bool) -> None:
    """Evaluate the diagnosis on recorded runs."""
    runs = [one for folder in mutants for one in mutant_signatures(folder)]
    runs += [one for folder in healthy for one in healthy_signatures(folder)]
    write_results(evaluate(runs))
    if write:
        write_signatures(runs)


if __name__ == "__main__":
    main()
