"""A report in the lines of a terminal."""

from collections.abc import Iterable, Mapping
from itertools import islice

from engine.corpus.account.histogram import Histogram
from engine.corpus.account.near_duplicates import NEAR_DUPLICATES_FILE, NearDuplicates
from engine.corpus.account.report import Pace, Portion, Report
from engine.corpus.table.manifest import QUARANTINE_FILE, Quarantined
from engine.files.text import visible

_BLOCKS = "▁▂▃▄▅▆▇█"
_NAMED = 5
_QUARANTINED = 20


def report_rows(report: Report) -> list[tuple[str, str]]:
    """A report as (what, figures), for a table."""
    loud = f"{clips_in_words(report.num_beyond_full_scale)}, whose samples are clipped to it"
    wrong = f"{clips_in_words(report.num_header_faults)}, read to the end of the file"
    rows = [
        ("corpus", f"{report.corpus}, from {report.source} (layout: {report.layout})"),
        ("licence", str(report.licence) if report.licence else ""),
        ("used", f"{report.num_used:,} of {report.num_found:,} files and parts found"),
        ("quarantined", counts(report.quarantined) or "none"),
        *(("passed over", str(one)) for one in report.passed_over),
        ("hours" if report.hours >= 1 else "minutes", _amount(report)),
        ("speakers", _speakers(report)),
        ("languages", _portions(report.languages) or "unknown"),
        ("labels", f"{report.num_labels:,}"),
        ("with text", f"{report.num_with_text:,}"),
        ("own lists", counts(report.listed) or "none"),
        ("recorded at", counts(report.sample_rates_hz, " Hz")),
        ("channels", counts(report.num_channels)),
        ("decoded by", counts({f"{name}:": clips for name, clips in report.decoders.items()})),
        ("packed at", ", ".join(f"{rate} Hz" for rate in report.packed_hz)),
        ("header disagrees", wrong if report.num_header_faults else ""),
        ("sound alike", _near_duplicates(report.near_duplicates)),
        ("beyond full scale", loud if report.num_beyond_full_scale else ""),
        *((one.title, sparkline(one)) for one in report.histograms),
        ("fastest text", _paces(report.fastest)),
        ("slowest text", _paces(report.slowest)),
    ]
    return [(name, visible(value)) for name, value in rows if value]


def quarantine_lines(quarantined: Iterable[Quarantined], total: int) -> list[str]:
    """The first files in quarantine, a line each, numbered as `--explain` takes them."""
    lines = [
        visible(f"{number:>4}  {one.path}  {one.reason}: {one.detail}")
        for number, one in enumerate(islice(quarantined, _QUARANTINED), start=1)
    ]
    if total > len(lines):
        lines.append(f"      and {total - len(lines):,} more in {QUARANTINE_FILE}")
    return lines


def counts(numbers: Mapping[str, int], unit: str = "") -> str:
    """Names, each with its number."""
    return ", ".join(f"{name}{unit} {number:,}" for name, number in numbers.items())


def sparkline(histogram: Histogram) -> str:
    """A histogram in one line: its first and last bar that is not 0, and blocks between them."""
    bars = histogram.bars
    if not bars:
        return ""
    most = max(count for _, count in bars)
    blocks = "".join(_block(count, most) for _, count in bars)
    first, last = bars[0][0], bars[-1][0]
    places = f"{first} {blocks} {last}" if len(bars) > 1 else f"{blocks} {first}"
    return f"{places} {histogram.unit}"


def _block(count: int, most: int) -> str:
    """No block for none, and the lowest for a few, however many the others are."""
    return _BLOCKS[-(-count * len(_BLOCKS) // most) - 1] if count else " "


def _amount(report: Report) -> str:
    shortest, longest = f"{report.shortest_seconds:g}", f"{report.longest_seconds:g}"
    lengths = shortest if shortest == longest else f"{shortest} to {longest}"
    spread = f"clips of {lengths} s"
    amount = f"{report.hours:.2f}" if report.hours >= 1 else f"{60 * report.hours:.1f}"
    return f"{amount}, in {spread}"


def _speakers(report: Report) -> str:
    if not report.num_speakers:
        return "unknown"
    most = dict(islice(report.largest_speakers.items(), _NAMED))
    if report.num_speakers == len(most):
        return f"{report.num_speakers:,} ({_portions(most)})"
    largest = next(iter(most.values())).num_clips
    if largest * report.num_speakers == report.num_used:  # the largest, so all are equal
        return f"{report.num_speakers:,}, each with {clips_in_words(largest)}"
    return f"{report.num_speakers:,} (the largest: {_portions(most)})"


def clips_in_words(number: int) -> str:
    """A number of clips: "1 clip", "1,204 clips"."""
    return f"{number:,} clip{'' if number == 1 else 's'}"


def _portions(portions: Mapping[str, Portion]) -> str:
    return ", ".join(
        f"{name} {clips_in_words(one.num_clips)}, {one.hours:.2f} h"
        for name, one in portions.items()
    )


def _near_duplicates(alike: NearDuplicates | None) -> str:
    if alike is None or not (alike.num_clips or alike.num_unknown):
        return ""
    said = f"{alike.num_clips:,} clips sound like another (all pairs: {NEAR_DUPLICATES_FILE})"
    unknown = f"; {alike.num_unknown:,} are too short to be compared" if alike.num_unknown else ""
    return said + unknown


def near_duplicate_lines(alike: NearDuplicates | None) -> list[str]:
    """The first clips that sound alike, a line each."""
    if alike is None:
        return []
    lines = [f"      {visible(str(one))}" for one in alike.first]
    if alike.num_pairs > len(lines):
        lines.append(f"      and {alike.num_pairs - len(lines):,} more in {NEAR_DUPLICATES_FILE}")
    return lines


def _paces(paces: Iterable[Pace]) -> str:
    return ", ".join(f"{one.id} {one.characters_per_second:g}/s" for one in islice(paces, 2))
