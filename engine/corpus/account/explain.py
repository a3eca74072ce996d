"""The way of one file of a corpus, in words: used, or quarantined and why."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from attrs import frozen

from engine.corpus.account.figures import characters_per_second
from engine.corpus.account.near_duplicates import NearDuplicate, near_duplicates_of
from engine.corpus.account.reasons import MEANINGS
from engine.corpus.measure.level import SILENT_FRAME_DBFS, decibels
from engine.corpus.table.manifest import (
    CLIPS_FILE,
    QUARANTINE_FILE,
    Clip,
    Manifest,
    Quarantined,
    read_manifest,
)
from engine.errors import UserError
from engine.files.nearest import nearest
from engine.files.text import visible

_SHOWN = 5
_LONGEST_NUMBER = 9
_SILENT = f"{SILENT_FRAME_DBFS:.0f} dBFS"


@frozen
class _Found:
    """A row, its number in its table (the first is 1), and how well it fits: 0 is best."""

    row: Clip | Quarantined
    number: int
    rank: int


def explain_clip(folder: Path, name: str) -> str:
    """Explain a clip, given by its id, its path, an end of either, or its number.

    The number is that of a quarantined row. What is given whole goes before ends, and both before
    numbers. The tables are read line by line. Raises UserError where there is no such file, with
    the nearest names, and where there are several.
    """
    manifest = read_manifest(folder)
    found = _best(_find(folder, manifest, name)) or _numbered(manifest, name)
    if not found:
        raise UserError(_unknown(manifest, name, folder.name))
    paths = list(dict.fromkeys(visible(one.row.path) for one in found))
    if len(found) == 1:
        return _explained(found[0], folder)
    if len(paths) == 1:
        return _parts(found, paths[0])
    raise UserError(
        f"'{visible(name)}' may be any of {len(found):,} files: {', '.join(paths[:_SHOWN])}. "
        "Give the whole path."
    )


def _find(folder: Path, manifest: Manifest, name: str) -> Iterator[_Found]:
    yield from _matches(folder / CLIPS_FILE, manifest.clips, name)
    yield from _matches(folder / QUARANTINE_FILE, manifest.quarantined, name)


def _matches(table: Path, rows: Sequence[Clip | Quarantined], name: str) -> Iterator[_Found]:
    """Only lines that hold the last part of the name are parsed."""
    last = json.dumps(PurePosixPath(name).name, ensure_ascii=False)[1:-1]
    signs = [f"{before}{last}{behind}" for before in '"/' for behind in '".']
    with table.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if any(sign in line for sign in signs):
                rank = _rank(rows[number - 1], name)
                if rank is not None:
                    yield _Found(rows[number - 1], number, rank)


def _rank(row: Clip | Quarantined, name: str) -> int | None:
    """How well a row fits a name: whole, whole but for the suffix, at the end, not at all.

    Behind these come rows whose path is the end of the name, the longest first.
    """
    names = [row.path, row.id] if isinstance(row, Clip) else [row.path]
    stem = row.path.removesuffix(PurePosixPath(row.path).suffix)
    if name in names:
        return 0
    if name == stem:
        return 1
    names = [one for one in (*names, stem) if one and name]
    if any(one.endswith(f"/{name}") for one in names):
        return 2
    left = [len(name) - len(one) for one in names if name.endswith(f"/{one}")]
    return 2 + min(left) if left else None


def _best(found: Iterator[_Found]) -> list[_Found]:
    best: list[_Found] = []
    for one in found:
        if best and one.rank < best[0].rank:
            best = []
        if not best or one.rank == best[0].rank:
            best.append(one)
    return best


def _numbered(manifest: Manifest, name: str) -> list[_Found]:
    if not (name.isascii() and name.isdecimal() and len(name) <= _LONGEST_NUMBER):
        return []
    number = int(name)
    if not 1 <= number <= len(manifest.quarantined):
        return []
    return [_Found(manifest.quarantined[number - 1], number, 0)]


def _unknown(manifest: Manifest, name: str, corpus: str) -> str:
    paths = (row.path for row in chain[Clip | Quarantined](manifest.clips, manifest.quarantined))
    close = ", ".join(map(visible, nearest(name, paths)))
    said = f"Corpus {corpus!r} has no file '{visible(name)}'."
    return f"{said} Nearest: {close}." if close else said


def _explained(found: _Found, folder: Path) -> str:
    row, alike = found.row, list[NearDuplicate]()
    if isinstance(row, Clip):
        facts, said = _clip_facts(row), f"is used as {visible(row.id)}"
        alike += islice(near_duplicates_of(folder, row.id), _SHOWN)
    else:
        facts, said = _quarantine_facts(row, found.number, folder.name), f"is {_quarantined(row)}"
    width = max(map(len, facts))
    lines = [f"  {name:<{width}}  {visible(value)}" for name, value in facts.items()]
    lines += [f"  {visible(str(one))}" for one in alike]
    return "\n".join([f"{visible(row.path)} {said}", *lines])


def _quarantined(row: Quarantined) -> str:
    return f"quarantined, {row.reason}: {visible(row.detail)}"


def _parts(found: Sequence[_Found], path: str) -> str:
    """Several clips of one file, a line each."""
    lines = [
        f"  {visible(one.row.id)}: from {one.row.start_seconds:.3f} s, {one.row.seconds:.3f} s long"
        if isinstance(one.row, Clip)
        else f"  {_quarantined(one.row)} (row {one.number:,} of {QUARANTINE_FILE})"
        for one in found
    ]
    return "\n".join([f"{path} became {len(found):,} clips or quarantined parts", *lines])


def _quarantine_facts(row: Quarantined, number: int, corpus: str) -> dict[str, str]:
    meaning = MEANINGS[row.reason]
    fixed = f"the file alone; how many such files may be: corpora.{corpus}.at_most_bad"
    if row.reason == "duplicate of":
        fixed = f"the file alone; duplicates do not count for corpora.{corpus}.at_most_bad"
    return {
        "what it means": meaning.what,
        "what to do": meaning.to_do,
        "what decides": (
            f"corpora.{corpus}.{meaning.limit} in params.toml" if meaning.limit else fixed
        ),
        "then": f"cantus ingest {corpus}",
        "row": f"{number:,} of {QUARANTINE_FILE}",
    }


def _clip_facts(clip: Clip) -> dict[str, str]:
    pace = characters_per_second(clip)
    channels = "1 channel" if clip.num_channels == 1 else f"{clip.num_channels} channels"
    if clip.channel is not None:
        channels = f"channel {clip.channel + 1} of {channels}"
    facts = {
        "length": f"{clip.seconds:.3f} s: {clip.num_frames:,} frames at {clip.sample_rate_hz:,} Hz",
        "begins": f"{clip.start_seconds:.3f} s into its file" if clip.start_seconds else None,
        "channels": channels,
        "peak": f"{decibels(clip.peak):.1f} dBFS",
        "level": f"{clip.rms_dbfs:.1f} dBFS, root mean square",
        "clipping": f"{clip.clipped_share:.4%} of its samples at or beyond full scale",
        "silence": f"{clip.silent_share:.0%} of its 20 ms frames below {_SILENT}",
        "decoder": clip.decoder,
        "header disagrees": clip.header_fault,
        "speaker": clip.speaker,
        "language": clip.language,
        "label": clip.label,
        "text": clip.text,
        "pace": None if pace is None else f"{pace:.1f} letters and digits a second",
        "list": clip.listed,
        "audio": f"SHA-256 {clip.sha256}",
        "file": f"SHA-256 {clip.file_sha256}" if clip.file_sha256 else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
