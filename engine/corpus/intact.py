"""Whether a corpus still is what was ingested: its settings, its files, its packed audio.

What a file system says of a file (size, times) is remembered when its content is known; only where
that differs is content read again.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from engine.atomic import write_atomically
from engine.corpus.corpus import Corpus, ingest_settings
from engine.corpus.kept import FileState, file_state
from engine.corpus.rows import ODD_NAMES, json_line
from engine.corpus.source import BUILTIN
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import CorpusSource

SEEN_FILE = "seen.jsonl"
"""States of the clips' files, in manifest order."""
PACKED_FILE = "packed.json"
"""States of the shards."""

_SHOWN = 5


def remember_packed(corpus: Corpus, store: Path) -> None:
    """Write down the states of shards whose content is known to be right."""
    write_atomically(store / PACKED_FILE, json.dumps(_packed_states(corpus)))


def require_intact(name: str, source: CorpusSource, project: Project, *, read: bool = False) -> int:
    """Raise UserError where settings, a clip's file or a shard changed since ingest.

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
    changed, states, is_news = [], [], False
    for (path, digest), seen in _files(corpus, store):
        now = file_state(folder, path)
        states.append(now)
        if now == seen and not read:
            continue
        is_news = True
        if _sha256(folder / path) != digest:
            changed.append(path if now[1] else f"{path} (gone)")
    if changed:
        shown = ", ".join(changed[:_SHOWN])
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        name = corpus.folder.name
        raise UserError(
            f"{len(changed)} files of corpus {name!r} changed after it was ingested, in {folder}: "
            f"{shown}{more}. Put them back, or take the change in with 'cantus ingest {name}'."
        )
    if is_news:
        store.mkdir(parents=True, exist_ok=True)
        rows = (json_line([*state]) for state in states)
        write_atomically(store / SEEN_FILE, "".join(rows).encode("utf-8", ODD_NAMES))


def _files(corpus: Corpus, store: Path) -> Iterator[tuple[tuple[str, str], FileState | None]]:
    """Each clip's file with its SHA-256, and its state when that was found out, where known."""
    clips = ((clip.path, clip.file_sha256) for clip in corpus.manifest.clips)
    known = _seen(store / SEEN_FILE)
    seen = next(known, None)
    for file, _ in groupby(clips):
        if seen is not None and seen[0] == file[0]:
            yield file, seen
            seen = next(known, None)
        else:
            yield file, None


def _seen(path: Path) -> Iterator[FileState]:
    """What is written down; what cannot be read is not known, and costs a reading."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors=ODD_NAMES) as file:
        for line in file:
            try:
                name, size, changed, entered = json.loads(line)
            except (ValueError, TypeError):
                return
            yield (name, size, changed, entered)


def _require_shards(corpus: Corpus, store: Path, *, read: bool) -> None:
    known = _known_shards(store / PACKED_FILE)
    states = _packed_states(corpus)
    for rate in corpus.report.packed_hz:
        packed = corpus.packed(rate)
        for shard in packed.shards:
            key = f"{rate}/{shard['name']}"
            if read or known.get(key) != states[key]:
                packed.verify_shard(shard)
    if known != states:
        remember_packed(corpus, store)


def _known_shards(path: Path) -> dict[str, list[int]]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _packed_states(corpus: Corpus) -> dict[str, list[int]]:
    states = {}
    for rate in corpus.report.packed_hz:
        packed = corpus.packed(rate)
        for shard in packed.shards:
            found = (packed.folder / shard["name"]).stat()
            states[f"{rate}/{shard['name']}"] = [found.st_size, found.st_mtime_ns]
    return states


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
