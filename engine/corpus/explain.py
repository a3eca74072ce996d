"""What a corpus's files became, in words."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from engine.corpus.manifest import Clip, Manifest, Quarantined, read_manifest
from engine.corpus.report import Report
from engine.errors import UserError


def report_rows(report: Report) -> list[tuple[str, str]]:
    """A report as (what, figures), for a table."""
    rows = [
        ("corpus", f"{report.corpus}, from {report.source} (layout: {report.layout})"),
        ("used", f"{report.num_used:,} of {report.num_found:,} files found"),
        ("quarantined", _counts(report.quarantined) or "none"),
        ("other files", f"{report.num_other_files:,} that are no clips (lists, texts, hidden)"),
        ("length", _length(report)),
        ("speakers", f"{report.num_speakers:,}" if report.num_speakers else "unknown"),
        ("languages", _counts(report.languages) or "unknown"),
        ("labels", f"{report.num_labels:,}"),
        ("with text", f"{report.num_with_text:,}"),
        ("own lists", _counts(report.listed) or "none"),
        ("recorded at", _counts({f"{rate} Hz": n for rate, n in report.sample_rates_hz.items()})),
        ("packed at", ", ".join(f"{rate} Hz" for rate in report.packed_hz)),
    ]
    if report.num_beyond_full_scale:
        loud = f"{report.num_beyond_full_scale:,} clips, whose samples are clipped to it"
        rows.append(("beyond full scale", loud))
    return rows


def explain_clip(folder: Path, name: str) -> str:
    """What became of one file of an ingested corpus, given by its id or the end of its path.

    Raises UserError where there is no such file, with the nearest names.
    """
    manifest = read_manifest(folder)
    rows = [row for row in _all_rows(manifest) if _matches(row, name)]
    if len(rows) == 1:
        return _quarantined(rows[0]) if isinstance(rows[0], Quarantined) else _used(rows[0])
    if rows:
        paths = ", ".join(row.path for row in rows[:5])
        raise UserError(f"{name!r} may be any of {len(rows)} files: {paths}. Give the whole path.")
    raise UserError(f"Corpus {folder.name!r} has no file {name!r}.{_nearest(manifest, name)}")


def _all_rows(manifest: Manifest) -> list[Clip | Quarantined]:
    return [*manifest.clips, *manifest.quarantined]


def _matches(row: Clip | Quarantined, name: str) -> bool:
    without_suffix = str(PurePosixPath(row.path).with_suffix(""))
    return (
        name in (row.path, without_suffix)
        or f"/{row.path}".endswith(f"/{name}")
        or name.endswith(f"/{row.path}")
    )


def _quarantined(row: Quarantined) -> str:
    return f"{row.path} is quarantined, {row.reason}: {row.detail}"


def _used(clip: Clip) -> str:
    known = {"speaker": clip.speaker, "language": clip.language, "label": clip.label}
    known |= {"text": clip.text, "list": clip.listed}
    facts = [f"{name} {value}" for name, value in known.items() if value is not None]
    level = f"peak {clip.peak:.3f}, {clip.rms_dbfs:.1f} dBFS"
    form = f"{clip.seconds:.3f} s at {clip.sample_rate_hz} Hz, {clip.num_channels} channels"
    return "; ".join([f"{clip.path} is used as {clip.id}: {form}, {level}", *facts])


def _nearest(manifest: Manifest, name: str) -> str:
    paths = [row.path for row in _all_rows(manifest)]
    close = get_close_matches(name, paths, n=3)
    return f" Nearest: {', '.join(close)}." if close else ""


def _length(report: Report) -> str:
    spread = f"clips of {report.shortest_seconds:g} to {report.longest_seconds:g} s"
    return f"{report.hours:.2f} hours, {spread}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())
