"""Whether figures that were measured differently are ever subtracted, and what a resampler changes.

Run it from the project: python -m benchmarks.units --keep FOLDER [--pieces N]. Each piece of 1,000
pairs is one line of FOLDER/units.jsonl, and a second call continues; the last piece is the replay
of X-Codec-2's issue 18. The summary goes to results/units.json and units.md.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.machine import machine
from benchmarks.units.pairs import CHANGES, PLACES, made_folder, random_unit, subtracted
from engine.listening.intervals import share_right

RESULTS = Path(__file__).parents[1] / "results"
_PAIRS, _REPLAY = 1_000, "resamplers"
_NOT_RECORDED = "not recorded"


@click.command()
@click.option("--keep", required=True, type=click.Path(path_type=Path), help="where pieces go")
@click.option("--pieces", type=int, help="pieces to do now  [default: all that are left]")
@click.option("--pairs", default=10_000, help="pairs with a change, and as many without")
@click.option("--clips", default=40, help="sentences of the replay")
def main(keep: Path, pieces: int | None, pairs: int, clips: int) -> None:
    """Do the pieces that are left, and write the summary."""
    keep.mkdir(parents=True, exist_ok=True)
    file = keep / "units.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    done = {row["piece"] for row in rows}
    names = [*(f"pairs {number}" for number in range(-(-pairs // _PAIRS))), _REPLAY]
    for name in [name for name in names if name not in done][:pieces]:
        rows.append({"piece": name, **(_replay(clips) if name == _REPLAY else _count(name))})
        with file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(rows[-1]) + "\n")
    _summarize(rows)


def _replay(clips: int) -> Mapping[str, Any]:
    from benchmarks.units.resamplers import replay

    return replay(clips)


def _count(piece: str, num_pairs: int = _PAIRS) -> dict[str, Any]:
    """How many pairs are subtracted in each place, by what differs in them."""
    random = np.random.default_rng([ord(letter) for letter in piece])
    counts: Counter[tuple[str, str]] = Counter()
    of: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = made_folder(Path(scratch))
        for number in range(num_pairs):
            changed = [*CHANGES][number % len(CHANGES)]
            first = random_unit(random)
            second = CHANGES[changed](*first, random)
            unit = None if changed == _NOT_RECORDED else second[0]
            for title, other in ((changed, (unit, second[1])), ("nothing", first)):
                found = subtracted(folder, first, other)
                counts.update((title, place) for place, is_so in found.items() if is_so)
                of[title] += 1
    return {
        "of": dict(of),
        "subtracted": {name: {p: counts[name, p] for p in PLACES} for name in of},
    }


def _summarize(rows: Sequence[Mapping[str, Any]]) -> None:
    of: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for row in (row for row in rows if row["piece"] != _REPLAY):
        of.update(row["of"])
        for changed, places in row["subtracted"].items():
            found.update({(changed, place): count for place, count in places.items()})
    table = {name: {place: found[name, place] for place in PLACES} for name in of}
    replayed = next((row for row in rows if row["piece"] == _REPLAY), None)
    facts = {"machine": machine(1), "pairs": dict(of), "subtracted": table, "replay": replayed}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(facts, indent=2) + "\n"
    (RESULTS / "units.json").write_text(text, encoding="utf-8")
    (RESULTS / "units.md").write_text("\n".join(_page(of, table, replayed)) + "\n", "utf-8")


def _page(of: Counter[str], table: Mapping[str, Any], replayed: Any) -> Sequence[str]:
    changed = sum(count for name, count in of.items() if name != "nothing")
    wrong = sum(max(places.values()) for name, places in table.items() if name != "nothing")
    lines = ["# Units", "", f"| what differs | pairs | {' | '.join(PLACES)} |"]
    lines.append("|---" * (2 + len(PLACES)) + "|")
    lines += [
        f"| {name} | {of[name]:,} | {' | '.join(f'{places[p]:,}' for p in PLACES)} |"
        for name, places in table.items()
    ]
    if changed:
        most = share_right(wrong, changed).high
        said = f"{wrong} of {changed:,} pairs with a change are subtracted"
        lines += ["", f"{said} (95 % CI at most {most:.2%})."]
    return [*lines, *(_rows_of(replayed) if replayed else ())]


def _rows_of(replayed: Mapping[str, Any]) -> Iterator[str]:
    """The replay as a table."""
    names = " | ".join(replayed["row"])
    yield from ("", f"| {replayed['clips']} sentences, 24 to 16 kHz | {names} |")
    yield "|---" * (1 + len(replayed["row"])) + "|"
    yield f"| by soxr HQ | {' | '.join(f'{value:.4g}' for value in replayed['row'].values())} |"
    for name, moved in replayed["moved"].items():
        yield f"| {name} | {' | '.join(moved.values())} |"


if __name__ == "__main__":
    main()
