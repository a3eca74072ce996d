"""Run a part of the campaign, or all of it; a second call goes on where the first stopped."""

import argparse
import subprocess
from pathlib import Path

from benchmarks.mutants.campaign import Campaign, pieces_of
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.preload import preload
from benchmarks.mutants.project import Projects
from benchmarks.mutants.setups import SETUPS

RESULTS = Path(__file__).parents[1] / "results" / "mutants.jsonl"


def main() -> None:
    """See the module."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--folder", type=Path, required=True, help="where pieces train")
    asks.add_argument("--results", type=Path, default=RESULTS, help="a JSON line a piece")
    asks.add_argument("--keep", type=Path, help="where events.jsonl of each run is kept")
    asks.add_argument("--pieces", type=int, default=1_000_000, help="pieces to run  [all]")
    asks.add_argument("--systems", nargs="+", choices=list(SETUPS), default=list(SETUPS))
    asks.add_argument("--operators", nargs="+", choices=list(CATALOGUE), default=list(CATALOGUE))
    asks.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    given = asks.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    preload(given.systems)
    campaign = Campaign(Projects(given.folder), given.results, given.keep, _commit())
    campaign.run(pieces_of(given.systems, given.seeds, given.operators), given.pieces)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        command, cwd=RESULTS.parent, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
