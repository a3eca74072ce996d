"""From a folder of audio to a corpus: list, measure in parallel, pack, count, put in place."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from joblib import Parallel, cpu_count, delayed

from engine.corpus.corpus import AUDIO_FOLDER, Corpus
from engine.corpus.keeper import Keeper
from engine.corpus.layouts import Candidate, Listing, list_files
from engine.corpus.limits import Limits
from engine.corpus.manifest import Manifest, write_manifest
from engine.corpus.measure import Part, measure_part
from engine.corpus.pack import ShardWriter
from engine.corpus.report import make_report, write_report
from engine.corpus.source import source_folder
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import CorpusSource

Progress = Callable[[int, int], None]
"""Called with the files done and the files there are."""

_FILES_PER_PART = 32
_SHOWN = 5


def ingest(
    name: str,
    source: CorpusSource,
    project: Project,
    *,
    num_workers: int | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """Make `build/corpus/<name>` from its source and open it.

    The result depends on the files alone, not on the number of workers. The folder is written
    beside and renamed when it is complete: a failure leaves the old one as it was. Raises UserError
    where the source is missing, holds no audio, or holds more bad files than `at_most_bad`.
    """
    target = project.corpus(name)
    with _beside(target) as (scratch, finished):
        with source_folder(name, source.source, project, scratch) as folder:
            listing = list_files(folder, speaker_folders=source.speakers == "folder")
            _require_audio(name, folder, listing)
            manifest = _pack(
                folder, listing, source, finished, num_workers or cpu_count(), progress
            )
        _check_quota(name, manifest, source.at_most_bad)
        write_manifest(manifest, finished)
        rates = tuple(source.sample_rates_hz)
        report = make_report(manifest, listing, corpus=name, source=source.source, packed_hz=rates)
        write_report(report, finished)
    return Corpus.open(target)


@contextmanager
def _beside(target: Path) -> Iterator[tuple[Path, Path]]:
    """A scratch folder, and one that takes the target's place when all has gone well."""
    workshop = target.with_name(f".{target.name}.partial")
    shutil.rmtree(workshop, ignore_errors=True)
    scratch, finished, old = (workshop / name for name in ("source", "finished", "old"))
    finished.mkdir(parents=True)
    try:
        yield scratch, finished
        if target.exists():
            target.rename(old)
        finished.rename(target)
    finally:
        shutil.rmtree(workshop)


def _pack(
    folder: Path,
    listing: Listing,
    source: CorpusSource,
    finished: Path,
    num_workers: int,
    progress: Progress | None,
) -> Manifest:
    rates = tuple(source.sample_rates_hz)
    writers = {rate: ShardWriter(finished / AUDIO_FOLDER / str(rate), rate) for rate in rates}
    keeper = Keeper(writers)
    for part in _measure_all(folder, listing, source, finished / "parts", num_workers):
        keeper.take(part)
        if progress:
            progress(keeper.num_done, len(listing.candidates))
    for writer in writers.values():
        writer.finish()
    shutil.rmtree(finished / "parts")
    quarantined = sorted([*keeper.quarantined, *listing.missing], key=lambda one: one.path)
    return Manifest(clips=tuple(keeper.clips), quarantined=tuple(quarantined))


def _measure_all(
    folder: Path, listing: Listing, source: CorpusSource, parts: Path, num_workers: int
) -> Iterator[Part]:
    """Parts in the candidates' order, whichever worker is done first."""
    parts.mkdir()
    limits = Limits(
        min_seconds=source.min_seconds,
        max_seconds=source.max_seconds,
        min_sample_rate_hz=source.min_sample_rate_hz,
    )
    runs = _cut(listing.candidates, _FILES_PER_PART)
    workers = Parallel(n_jobs=num_workers, return_as="generator")
    measured: Iterator[Part] = workers(
        delayed(measure_part)(folder, run, limits, source.sample_rates_hz, parts / str(number))
        for number, run in enumerate(runs)
    )
    return measured


def _cut(candidates: Sequence[Candidate], size: int) -> Iterator[Sequence[Candidate]]:
    return (candidates[start : start + size] for start in range(0, len(candidates), size))


def _require_audio(name: str, folder: Path, listing: Listing) -> None:
    if not listing.candidates:
        raise UserError(
            f"Corpus {name!r} is empty: {folder} holds no audio file, and "
            f"{listing.num_other_files} others. Bring audio there with "
            f"'cantus adopt FOLDER --as {name}', or set corpora.{name}.source to 'builtin'."
        )


def _check_quota(name: str, manifest: Manifest, at_most_bad: float) -> None:
    bad = manifest.quarantined
    found = len(manifest.clips) + len(bad)
    if manifest.clips and len(bad) <= at_most_bad * found:
        return
    shown = "; ".join(f"{one.path} ({one.reason}: {one.detail})" for one in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    raise UserError(
        f"{len(bad)} of the {found} files of corpus {name!r} cannot be used, more than "
        f"corpora.{name}.at_most_bad = {at_most_bad:g} in params.toml allows: {shown}{more}. "
        "Mend or remove them, or raise that share."
    )
