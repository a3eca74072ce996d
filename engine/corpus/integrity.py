"""Whether a corpus still is what was ingested: its settings, its files, its packed audio.

What a file system says of a file (size, times) is remembered when its content is known; only where
that differs is content read again.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from engine.corpus.corpus import Corpus, ingest_settings
from engine.corpus.layouts.database import encode
from engine.corpus.source import BUILTIN
from engine.corpus.store.gather import FACTS_FILE
from engine.corpus.store.landmark_file import LANDMARKS_FILE
from engine.corpus.store.packed import PackedAudio
from engine.corpus.store.shard_cache import FileState, file_state
from engine.corpus.table.manifest import read_tables
from engine.corpus.table.rows import AGAIN, ODD_NAMES, json_line
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.checksum import sha256_of
from engine.files.passing import is_passing, patiently
from engine.files.text import visible
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.recipe.params import CorpusSource

SEEN_FILE = "seen.jsonl"
"""States of the clips' files, each with the SHA-256 it then had, in manifest order."""
PACKED_FILE = "packed.json"
"""States of the shards."""

States = dict[str, list[int]]
"""Size and time of shards, by rate and name."""

_SHOWN = 5


def remember_packed(corpus: Corpus, store: Path) -> None:
    """Write down the states of shards whose content is known to be right."""
    states: States = {}
    for packed in map(corpus.packed, corpus.report.packed_hz):
        states |= _packed_states(packed)
    write_atomically(store / PACKED_FILE, json.dumps(states))


def require_intact(name: str, source: CorpusSource, project: Project, *, read: bool = False) -> int:
    """Raise UserError where settings, a table, a clip's file or a shard changed since ingest.

    Returns the number of clips. `read` reads every byte, whatever the file system says. Where the
    files are not here at all, as after `dvc pull` of the corpus alone, its packed audio is looked
    at alone.
    """
    corpus, store = Corpus.open(project.corpus(name)), project.ingest(name)
    _require_settings(corpus, source)
    folder = project.root / source.source
    if source.source != BUILTIN and folder.is_dir():
        _require_files(corpus, folder, store, read=read)
    _require_shards(corpus, store, read=read)
    if read:
        _require_landmarks(corpus)
    return len(corpus.manifest.clips)


def _require_settings(corpus: Corpus, source: CorpusSource) -> None:
    name, now = corpus.folder.name, ingest_settings(source)
    changed = sorted(key for key in {*now, *corpus.settings} if not _same(key, now, corpus))
    if changed:
        keys = ", ".join(f"corpora.{name}.{key}" for key in changed)
        raise UserError(
            f"{keys} in params.toml changed after corpus {name!r} was ingested. Put it back, or "
            f"take the change in with 'cantus ingest {name}'."
        )


def _same(key: str, now: dict[str, Any], corpus: Corpus) -> bool:
    # A key with its default is not written, so that a new key with a default changes nothing.
    return json.dumps(now.get(key)) == json.dumps(corpus.settings.get(key))


def _require_files(corpus: Corpus, folder: Path, store: Path, *, read: bool) -> None:
    tables = read_tables(corpus.folder)
    changed = [path for path, digest in tables if _sha256(folder, path) != digest]
    states, is_news = [], False
    for (path, digest), seen in _files(corpus, store):
        now = file_state(folder, path)
        states.append((*now, digest))
        if now == seen and not read:
            continue
        is_news = True
        if _sha256(folder, path) != digest:
            changed.append(path)
    if changed:
        raise UserError(_changes(changed, corpus.folder.name, folder))
    if is_news:
        store.mkdir(parents=True, exist_ok=True)
        rows = (json_line([*state]) for state in states)
        write_atomically(store / SEEN_FILE, "".join(rows).encode("utf-8", ODD_NAMES))


def _changes(paths: Sequence[str], name: str, folder: Path) -> str:
    shown = (
        visible(path) if (folder / path).is_file() else f"{visible(path)} (gone)"
        for path in paths[:_SHOWN]
    )
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    number = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    return (
        f"{number} of corpus {name!r} changed after it was ingested, in {folder}: "
        f"{', '.join(shown)}{more}. Put them back, or take the change in with "
        f"'cantus ingest {name}'."
    )


def _files(corpus: Corpus, store: Path) -> Iterator[tuple[tuple[str, str], FileState | None]]:
    """Each clip's file with its SHA-256, and the state in which it had that, where it is known."""
    clips = ((clip.path, clip.file_sha256) for clip in corpus.manifest.clips)
    known = _seen(store / SEEN_FILE)
    seen = next(known, None)
    for file, _ in groupby(clips):
        while seen is not None and encode(seen[0][0]) < encode(file[0]):
            seen = next(known, None)
        same = seen is not None and (seen[0][0], seen[1]) == file
        yield file, seen[0] if seen is not None and same else None


def _seen(path: Path) -> Iterator[tuple[FileState, str]]:
    """The file states that are recorded; a file that cannot be read has no state."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors=ODD_NAMES) as file:
        for line in file:
            try:
                name, size, changed, entered, digest = json.loads(line)
            except (ValueError, TypeError):
                return
            yield (str(name), size, changed, entered), digest


def _require_shards(corpus: Corpus, store: Path, *, read: bool) -> None:
    known, states = _known_shards(store / PACKED_FILE), States()
    for packed in map(corpus.packed, corpus.report.packed_hz):
        own = _packed_states(packed)
        for key, shard in zip(own, packed.shards, strict=True):
            if read or known.get(key) != own[key]:
                packed.verify_shard(shard)
        states |= own
    if known != states:
        write_atomically(store / PACKED_FILE, json.dumps(states))


def _require_landmarks(corpus: Corpus) -> None:
    path, facts = corpus.folder / LANDMARKS_FILE, read_json_object(corpus.folder / FACTS_FILE)
    if not path.is_file() or sha256_of(path) != facts.get("landmarks"):
        raise UserError(f"{path} is missing, or not the fingerprints that were made. {AGAIN}")


def _known_shards(path: Path) -> States:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _packed_states(packed: PackedAudio) -> States:
    """States of the shards, which are named by their content."""
    found = {shard["name"]: (packed.folder / shard["name"]).stat() for shard in packed.shards}
    return {
        f"{packed.sample_rate_hz}/{name}": [facts.st_size, facts.st_mtime_ns]
        for name, facts in found.items()
    }


def _sha256(folder: Path, path: str) -> str | None:
    try:
        return patiently(lambda: sha256_of(folder / path))
    except OSError as error:
        if is_passing(error):
            raise UserError(
                f"{folder / path} cannot be read: {error.strerror}. The disk or the network "
                "fails: see to it, and give the same command again."
            ) from error
        return None
