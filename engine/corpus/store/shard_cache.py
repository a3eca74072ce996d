"""Measured shards, kept until their files change: what makes adding files and resuming cheap."""

import errno
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import cattrs
import numpy as np
import soxr
from attrs import asdict, frozen

from engine.corpus.audio.decode import decoders, quiet_decoders
from engine.corpus.code import measuring_code
from engine.corpus.measure.clip_writer import Measured
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.measure import Result, measure_file
from engine.corpus.store.shards import Shard
from engine.corpus.table.manifest import Clip, Quarantined
from engine.corpus.table.rows import ODD_NAMES, json_line, structure
from engine.errors import UserError
from engine.evaluation.sound.landmarks import LANDMARK
from engine.files.checksum import digest_of, sha256_of
from engine.files.passing import patiently
from engine.files.source_code import digest_of_code

_ROWS, _LANDMARKS, _FACTS = "rows.jsonl", "landmarks.bin", "facts.json"
_UNREAD = ".unread"
_WAITS_SECONDS = (0.0, 0.1, 0.4, 1.0, 2.0)
"""How long a shard waits in all for a disk or a network that fails."""

FileState = tuple[str, int, int, int]
"""A file's path in the corpus, size, and times of change of its content and its entry, in ns."""

Sums = dict[int, tuple[int, str]]
"""Rate: bytes and SHA-256 of packed samples."""


@frozen(kw_only=True)
class Task:
    """A shard to be measured: plain values, so that any machine that sees both folders can."""

    folder: Path
    """Folder of the corpus's files."""
    shard: Shard
    limits: Limits
    rates: tuple[int, ...]
    store: Path
    """Where measured shards are kept, a folder each."""


@frozen(kw_only=True)
class CachedShard:
    """A measured shard in the store."""

    folder: Path
    files: tuple[FileState, ...]
    """The files it was made from."""
    num_candidates: int
    pcm: Sums

    def results(self) -> Iterator[Result]:
        """The results of its candidates, in their order."""
        with (
            (self.folder / _ROWS).open(encoding="utf-8", errors=ODD_NAMES) as rows,
            (self.folder / _LANDMARKS).open("rb") as landmarks,
        ):
            for line in rows:
                yield _result(json.loads(line), landmarks)

    def samples(self, rate: int) -> Path:
        """The file of its packed samples at a rate."""
        return self.folder / _pcm_name(rate)


def measure_shard(task: Task) -> CachedShard:
    """The shard as it is kept in the store, measured where no whole one of the same files is.

    Raises UserError where a file changes while it is read.
    """
    states = _states(task)
    target = task.store / _key(task, states)
    kept = _open(target, task, states)
    if kept is not None:
        return kept
    beside = target.with_name(f".{target.name}.{uuid4().hex}")
    beside.mkdir(parents=True)
    try:
        pcm, is_passing = _measure(task, beside, states)
        if is_passing:  # for this ingest alone: under this name no other one looks for it
            target = target.with_name(f"{target.name}{_UNREAD}")
        shutil.rmtree(target, ignore_errors=True)
        _put(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return _kept(target, task, states, pcm)


def _put(beside: Path, target: Path) -> None:
    """Rename; where the worker of an ingest that was killed has just done so, its shard stays."""
    try:
        beside.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _measure(task: Task, target: Path, states: Sequence[FileState]) -> tuple[Sums, bool]:
    """Write a shard's files; the sums of its packed samples, and if the disk failed at a file."""
    waits, is_passing = iter(_WAITS_SECONDS), False
    with ExitStack() as stack:
        stack.enter_context(quiet_decoders())
        rows = stack.enter_context(
            (target / _ROWS).open("w", encoding="utf-8", errors=ODD_NAMES, newline="\n")
        )
        landmarks = stack.enter_context((target / _LANDMARKS).open("wb"))
        files = {
            rate: stack.enter_context((target / _pcm_name(rate)).open("wb")) for rate in task.rates
        }
        for parts in task.shard:
            for result in measure_file(task.folder, parts, task.limits, files, waits):
                is_passing |= isinstance(result, Quarantined) and result.is_passing
                rows.write(json_line(_plain(result)))
                if isinstance(result, Measured):
                    landmarks.write(result.landmarks.tobytes())
    for now, before in zip(_states(task), states, strict=True):
        if now != before:
            raise UserError(
                f"{task.folder / before[0]} changed while it was read. Let what writes it finish, "
                "and ingest again; what has been measured is kept."
            )
    pcm = {rate: _sum(target / _pcm_name(rate)) for rate in task.rates}
    facts = {"rows": _sum(target / _ROWS), "landmarks": _sum(target / _LANDMARKS), "pcm": pcm}
    (target / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return pcm, is_passing


def _open(target: Path, task: Task, states: Sequence[FileState]) -> CachedShard | None:
    """The kept shard; None where there is none, or where it is no longer what was written."""
    try:
        facts = json.loads((target / _FACTS).read_text(encoding="utf-8"))
        whole = _sum(target / _ROWS) == tuple(facts["rows"])
        whole &= _sum(target / _LANDMARKS) == tuple(facts["landmarks"])
        pcm = {rate: _sum(target / _pcm_name(rate)) for rate in task.rates}
        whole &= pcm == {rate: tuple(facts["pcm"][str(rate)]) for rate in task.rates}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _kept(target, task, states, pcm) if whole else None


def _kept(target: Path, task: Task, states: Sequence[FileState], pcm: Sums) -> CachedShard:
    num_candidates = sum(map(len, task.shard))
    return CachedShard(folder=target, files=tuple(states), num_candidates=num_candidates, pcm=pcm)


def _key(task: Task, states: Sequence[FileState]) -> str:
    """What decides the result: files, candidates, limits, rates, and the code that measures."""
    candidates = [asdict(part) for parts in task.shard for part in parts]
    facts = [_code(), asdict(task.limits), task.rates, candidates, states]
    return digest_of(facts)[:32]


@cache
def _code() -> str:
    """Digest of the code that decodes and measures, and of the libraries that do."""
    return digest_of_code(measuring_code() | _libraries())


def _libraries() -> dict[str, str]:
    """The version of each that decodes or resamples here."""
    return {name: version or "none" for name, version in decoders().items()} | {
        "soxr": soxr.__version__
    }


def _states(task: Task) -> tuple[FileState, ...]:
    return tuple(file_state(task.folder, parts[0].path) for parts in task.shard)


def file_state(folder: Path, path: str) -> FileState:
    """What a file's change would show in. Zeros where it is gone."""
    try:
        found = patiently((folder / path).stat)
    except OSError:
        return (path, 0, 0, 0)
    return (path, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _sum(path: Path) -> tuple[int, str]:
    return path.stat().st_size, sha256_of(path)


def _pcm_name(rate: int) -> str:
    return f"{rate}.pcm"


def _plain(result: Result) -> dict[str, Any]:
    if isinstance(result, Quarantined):
        return {"quarantined": cattrs.unstructure(result)}
    return {
        "clip": cattrs.unstructure(result.clip),
        "samples": dict(result.samples),
        "landmarks": len(result.landmarks),
    }


def _result(line: dict[str, Any], landmarks: BinaryIO) -> Result:
    if "quarantined" in line:
        return structure(line["quarantined"], Quarantined)
    samples = {int(rate): (place[0], place[1]) for rate, place in line["samples"].items()}
    content = landmarks.read(line["landmarks"] * LANDMARK.itemsize)
    return Measured(
        clip=structure(line["clip"], Clip),
        samples=samples,
        landmarks=np.frombuffer(content, LANDMARK),
    )
