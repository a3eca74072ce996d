"""Search planted pairs: python -m benchmarks.bisect [--pieces N] [--keep FOLDER].

Each piece is a line of FOLDER/rows.jsonl, and a second call continues after the last. The summary
of all goes to benchmarks/results/bisect.md. `--real` trains real pairs in place of simulated ones.
"""

import json
from pathlib import Path
from typing import Any

import click

from benchmarks.bisect.campaign import pieces, run_piece
from benchmarks.bisect.summary import summary

RESULT = Path(__file__).parents[1] / "results" / "bisect.md"


@click.command()
@click.option("--keep", required=True, type=click.Path(path_type=Path), help="where rows go")
@click.option("--pieces", "most", type=int, help="pieces to do now  [default: all that are left]")
@click.option("--real", is_flag=True, help="train real pairs, in FOLDER/project")
def main(keep: Path, most: int | None, real: bool) -> None:
    """Do the pieces that are left, and write the summary of all."""
    keep.mkdir(parents=True, exist_ok=True)
    if real:
        from benchmarks.bisect.real import search_pairs

        search_pairs(keep.resolve(), most)
        return
    rows = read_rows(keep / "rows.jsonl")
    done = [{name: row[name] for name in ("num_seeds", "pair", "block")} for row in rows]
    left = [piece for piece in pieces() if piece not in done]
    for piece in left[:most]:
        rows.append(run_piece(**piece))
        with (keep / "rows.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows[-1]) + "\n")
    RESULT.write_text(summary(rows), encoding="utf-8")
    click.echo(summary(rows))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of finished pieces."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
