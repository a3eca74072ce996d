"""Always-valid 'better', simulated: python -m benchmarks.always_valid (about two minutes)."""

from collections.abc import Iterable
from pathlib import Path

import click

from benchmarks.always_valid.plateau import plateau
from benchmarks.always_valid.price import price
from benchmarks.always_valid.promise import Row, after_a_gain, promise
from benchmarks.always_valid.regret import regret
from benchmarks.always_valid.skew import skew
from benchmarks.keep_results import FOLDER


@click.command()
@click.option("--runs", default=1_000, show_default=True, help="simulated runs of each kind")
@click.option("--to", default=FOLDER / "always_valid.md", type=click.Path(path_type=Path))
def main(runs: int, to: Path) -> None:
    """Write the tables of docs/truth/better.md's section in full."""
    parts = {
        "Runs that call something better though nothing is, in 40 evaluations": promise(runs),
        "Runs with one true gain that call a second one": after_a_gain(runs),
        "Runs that call a true gain, and evaluations until then": price(runs),
        "Skewed differences of the recorded run": skew(20 * runs),
        "Plateau guards: runs that are stopped though they gain": plateau(runs),
        "Regret of the chosen weights, in deviations of a clip's difference": regret(runs),
    }
    text = "# Always-valid 'better': python -m benchmarks.always_valid\n"
    for title, rows in parts.items():
        text += f"\n## {title}\n\n{_table(rows)}"
        click.echo(text.rpartition("## ")[2])
    to.write_text(text, encoding="utf-8")


def _table(rows: Iterable[Row]) -> str:
    found = [*rows]
    head = [*found[0]]
    lines = [head, ["---"] * len(head), *([str(row[name]) for name in head] for row in found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
