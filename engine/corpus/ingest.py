"""From a folder of audio to a corpus: list, measure in parallel, gather, count, put in place."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from engine.corpus.account.near_duplicates import write_near_duplicates
from engine.corpus.account.page import PAGE_FILE, write_page
from engine.corpus.account.report import Report, write_report
from engine.corpus.audio.unusable import Reason
from engine.corpus.corpus import Corpus, ingest_settings
from engine.corpus.integrity import SEEN_FILE, remember_packed
from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.passed_over import found_instead
from engine.corpus.layouts.quota import how_to_allow, num_bad_allowed
from engine.corpus.licence import read_licence
from engine.corpus.measure.limits import Limits
from engine.corpus.source import source_folder
from engine.corpus.store.gather import AUDIO_FOLDER, Gatherer
from engine.corpus.store.shard_cache import CachedShard, Task, file_state, measure_shard
from engine.corpus.store.shards import cut_into_shards
from engine.corpus.table.manifest import Manifest, read_manifest
from engine.errors import UserError
from engine.files.atomic import replace_folder
from engine.files.checksum import sha256_of
from engine.files.lock import locked
from engine.files.text import visible
from engine.parallel.work import run_over
from engine.project import Project
from engine.recipe.params import CorpusSource, Work

Progress = Callable[[int, int], None]
"""Called with the files done and the files there are."""

THIS_MACHINE = Work()
"""A process on each of its cores."""

REFUSED = "refused"
"""Below what is kept of a corpus: the tables of an ingest that found too many bad files."""

_HARMLESS: Reason = "duplicate of"
_SHOWN = 5


def ingest(
    name: str,
    source: CorpusSource,
    project: Project,
    *,
    work: Work = THIS_MACHINE,
    progress: Progress | None = None,
) -> Corpus:
    """Make `build/corpus/<name>` from its source and open it.

    The result depends on the files alone, not on who measures them. Measured shards are kept in
    `build/ingest/<name>`: an ingest that was killed goes on where it was, and one after files were
    added measures the shards they fall into. The corpus is written beside and renamed when it is
    complete: a failure leaves the old one as it was. Raises UserError where the source is missing,
    holds no audio, or holds more bad files than `at_most_bad`.
    """
    store = project.ingest(name)
    busy = f"Another process is ingesting corpus {name!r}. Wait for it, or stop it."
    with locked(store, busy):
        _clear(store)
        used = _make(name, source, project, work, progress)
        _forget(store, used)
        corpus = Corpus.open(project.corpus(name))
        remember_packed(corpus, store)
    return corpus


def _make(
    name: str,
    source: CorpusSource,
    project: Project,
    work: Work,
    progress: Progress | None,
) -> set[str]:
    """Write the corpus; the names of the kept shards that it was made from."""
    store = project.ingest(name)
    with _beside(project.corpus(name)) as (scratch, finished):
        with source_folder(name, source.source, project, scratch / "source") as folder:
            listing = list_files(
                folder,
                scratch,
                columns=source.columns,
                speaker_folders=source.speakers == "folder",
            )
            _require_audio(name, folder, listing)
            licence = read_licence(folder)
            tasks = _tasks(folder, listing, source, store)
            gatherer = Gatherer(finished, source.sample_rates_hz, scratch, scratch / SEEN_FILE)
            with closing(run_over(measure_shard, tasks, work)) as shards:
                used = _gather(gatherer, shards, listing, progress)
            tables = ((path, sha256_of(folder / path)) for path in listing.tables())
            gatherer.finish(ingest_settings(source), tables)
        manifest = read_manifest(finished)
        report = gatherer.tally.report(
            corpus=name,
            source=source.source,
            layout=listing.described,
            licence=licence,
            passed_over=listing.passed_over,
            near_duplicates=write_near_duplicates(finished, manifest.clips),
            packed_hz=tuple(source.sample_rates_hz),
            digest=gatherer.digest.hexdigest(),
        )
        write_report(report, finished)
        write_page(report, manifest.quarantined, finished)
        if not _within_quota(report, source.at_most_bad):
            page = _keep_refused(name, finished, store).relative_to(project.root)
            raise UserError(_over_quota(report, manifest, source.at_most_bad, page))
        (scratch / SEEN_FILE).replace(store / SEEN_FILE)
    return used


@contextmanager
def _beside(target: Path) -> Iterator[tuple[Path, Path]]:
    """A scratch folder, and one that takes the target's place when all has gone well."""
    workshop = target.with_name(f".{target.name}.partial")
    shutil.rmtree(workshop, ignore_errors=True)
    scratch, finished = workshop / "scratch", workshop / "finished"
    scratch.mkdir(parents=True)
    finished.mkdir()
    try:
        yield scratch, finished
        replace_folder(finished, target)
    except sqlite3.OperationalError as error:
        raise UserError(
            f"The facts about the files cannot be written to {scratch}: {error}. Free space there."
        ) from error
    finally:
        shutil.rmtree(workshop)


def _tasks(folder: Path, listing: Listing, source: CorpusSource, store: Path) -> Iterator[Task]:
    def size_of(path: str) -> int:
        return file_state(folder, path)[1]

    for shard in cut_into_shards(listing.candidates(), size_of):
        yield Task(
            folder=folder,
            shard=shard,
            limits=Limits.of(source),
            rates=tuple(source.sample_rates_hz),
            store=store,
        )


def _gather(
    gatherer: Gatherer,
    shards: Iterator[CachedShard],
    listing: Listing,
    progress: Progress | None,
) -> set[str]:
    """Take every shard in; the names of those in the store."""
    used, num_done = set(), 0
    for shard in shards:
        gatherer.take(shard)
        used.add(shard.folder.name)
        num_done += shard.num_candidates
        if progress:
            progress(num_done, listing.num_candidates)
    for missing in listing.missing():
        gatherer.quarantine(missing)
    return used


def _forget(store: Path, used: set[str]) -> None:
    """Delete the kept shards of files that are no longer there or no longer the same."""
    for folder in store.iterdir():
        if folder.is_dir() and folder.name not in used:
            shutil.rmtree(folder)


def _clear(store: Path) -> None:
    """Delete what workers were at when an ingest was killed."""
    for left in store.glob(".*/"):
        shutil.rmtree(left, ignore_errors=True)


def _require_audio(name: str, folder: Path, listing: Listing) -> None:
    if not listing.num_candidates:
        raise UserError(
            f"Corpus {name!r} is empty: {folder} holds no audio file"
            f"{found_instead(listing.passed_over)}. Bring audio there with "
            f"'cantus adopt FOLDER --as {name}', or set corpora.{name}.source to 'builtin'."
        )


def _within_quota(report: Report, at_most_bad: float) -> bool:
    bad = _num_bad(report)
    return report.num_used > 0 and bad <= num_bad_allowed(at_most_bad, report.num_found)


def _num_bad(report: Report) -> int:
    """Files in quarantine, without duplicates: of those the corpus loses nothing."""
    return sum(number for reason, number in report.quarantined.items() if reason != _HARMLESS)


def _keep_refused(name: str, finished: Path, store: Path) -> Path:
    """Keep what was found, without its audio, for `cantus ingest --explain`; the page."""
    refused = store / REFUSED / name
    shutil.rmtree(refused, ignore_errors=True)
    shutil.rmtree(finished / AUDIO_FOLDER)
    shutil.copytree(finished, refused)
    return refused / PAGE_FILE


def _over_quota(report: Report, manifest: Manifest, at_most_bad: float, page: Path) -> str:
    name, bad, found = report.corpus, _num_bad(report), report.num_found
    rows = islice((one for one in manifest.quarantined if one.reason != _HARMLESS), _SHOWN)
    shown = "; ".join(visible(f"{one.path} ({one.reason}: {one.detail})") for one in rows)
    more = f"; and {bad - _SHOWN} more" if bad > _SHOWN else ""
    allowed = f"more than corpora.{name}.at_most_bad = {at_most_bad:g} in params.toml allows"
    way_out = f"Repair or remove them, or set {how_to_allow(name, bad, found)}."
    if not manifest.clips:
        allowed, way_out = "and none is left", "Repair them, or name another folder."
    return (
        f"{bad} of the {found} files of corpus {name!r} cannot be used, {allowed}: "
        f"{shown}{more}. {way_out} All of them: {page}; one of them: "
        f"cantus ingest {name} --explain FILE"
    )
