"""Measures fingerprints: python -m benchmarks.fingerprints FOLDER... [--only PART] [--pieces K].

Each folder holds audio of one kind; many clips are simulated from those of the first. ffmpeg
encodes, and libchromaprint is compared where it is installed. A piece that is finished is a line of
results/fingerprints.jsonl, and a second call goes on with the others. The summary is
results/fingerprints.md.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.fingerprints.clips import Sound, sounds_in
from benchmarks.fingerprints.false_matches import false_matches
from benchmarks.fingerprints.recall import by_landmarks, by_rivals, recall_in
from benchmarks.fingerprints.rivals import limits
from benchmarks.fingerprints.scale import compare, cost
from benchmarks.fingerprints.summary import summary
from benchmarks.keep_results import FOLDER

LINES, SUMMARY = FOLDER / "fingerprints.jsonl", FOLDER / "fingerprints.md"
CLIPS_SIMULATED = (100_000, 1_000_000)

Facts = dict[str, object]


def _pieces(
    folders: list[Path], known: dict[str, Facts]
) -> Iterator[tuple[str, Callable[[], Facts]]]:
    yield "false matches", partial(false_matches, folders)
    for folder in folders:
        yield f"recall {folder.name}", partial(_recall, folder)
    for number in CLIPS_SIMULATED:
        yield f"scale {number} {folders[0].name}", partial(_scale, folders[0], number)
    for folder in folders:
        yield f"cost {folder.name}", partial(cost, folder)
    yield "limits of rivals", lambda: dict(limits(_all(folders)))
    for folder in folders:
        yield f"recall of rivals {folder.name}", partial(_rivals, folder, known)


def _all(folders: list[Path]) -> list[Sound]:
    return [one for folder in folders for one in sounds_in(folder)]


def _recall(folder: Path) -> Facts:
    return {"rows": recall_in(folder, by_landmarks)}


def _rivals(folder: Path, known: dict[str, Facts]) -> Facts:
    of_rivals = {name: float(str(limit)) for name, limit in known["limits of rivals"].items()}
    return {"rows": recall_in(folder, by_rivals(of_rivals))}


def _scale(folder: Path, num_clips: int) -> Facts:
    with tempfile.TemporaryDirectory() as place:
        return compare(folder, num_clips, Path(place) / "landmarks.npy")


def main() -> None:
    """Do the pieces that are not done yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="pieces whose names begin so")
    parser.add_argument("--pieces", type=int, help="how many to do now (all)")
    given = parser.parse_args()
    known: dict[str, Facts] = {}
    if LINES.is_file():
        known = dict(json.loads(line) for line in LINES.read_text("utf-8").splitlines())
    todo = (
        (name, do)
        for name, do in _pieces(given.folders, known)
        if name not in known and name.startswith(given.only)
    )
    for name, do in islice(todo, given.pieces):
        known[name] = do()
        with LINES.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, known[name]]) + "\n")
        print(name, flush=True)
    SUMMARY.write_text(summary(known), encoding="utf-8")


if __name__ == "__main__":
    main()
