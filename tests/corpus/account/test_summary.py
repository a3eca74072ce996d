import pytest
from attrs import evolve

from engine.corpus import ingest
from engine.corpus.account.histogram import Histogram
from engine.corpus.account.report import Portion
from engine.corpus.account.summary import quarantine_lines, report_rows, sparkline
from engine.corpus.table.manifest import Quarantined


def histogram(*counts):
    return Histogram(title="length", unit="s", edges=(1, 2, 3), counts=counts)


@pytest.fixture
def corpus(project, source, tone):
    folder = project.root / "data" / "words"
    tone(folder / "anna" / "yes.wav")
    tone(folder / "ben" / "yes.wav", hz=500, level=1.5, subtype="FLOAT")
    tone(folder / "ben" / "quiet.wav", level=0.0005)
    chosen = source(at_most_bad=0.5, at_most_clipped=1.0, speakers="folder")
    return ingest("words", chosen, project)


def test_a_report_says_what_was_found_used_and_quarantined(corpus):
    rows = dict(report_rows(corpus.report))
    assert rows["used"] == "2 of 3 files and parts found"
    assert rows["quarantined"] == "silent 1"
    assert rows["speakers"] == "2 (anna 1 clip, 0.00 h, ben 1 clip, 0.00 h)"
    assert rows["recorded at"] == "16000 Hz 2"
    assert rows["beyond full scale"] == "1 clip, whose samples are clipped to it"
    assert rows["length"] == "█ 0.25 to 0.5 s"
    assert "text" not in rows


def test_speakers_with_equally_many_clips_are_not_ranked(corpus):
    portions = {f"speaker{number}": Portion(num_clips=2, hours=0.1) for number in range(20)}
    many = evolve(corpus.report, num_speakers=20, num_used=40, largest_speakers=portions)
    assert dict(report_rows(many))["speakers"] == "20, each with 2 clips"
    unequal = dict(report_rows(evolve(many, num_used=39)))["speakers"]
    assert unequal.startswith("20 (the largest: speaker0 2 clips, 0.10 h, ")


def test_clips_of_one_length_have_no_range(corpus):
    of_1_s = evolve(corpus.report, shortest_seconds=1.0, longest_seconds=1.0)
    assert dict(report_rows(of_1_s))["minutes"].endswith(", in clips of 1 s")


def test_quarantined_files_are_listed_one_by_one(corpus):
    lines = quarantine_lines(corpus.manifest.quarantined, 1)
    assert [line.split(maxsplit=2)[:2] for line in lines] == [["1", "ben/quiet.wav"]]
    assert "silent: peak -66 dBFS" in lines[0]


def test_of_many_quarantined_files_the_first_are_listed():
    rows = (Quarantined(path=f"{n}\n", reason="empty", detail="\x1b") for n in range(30))
    lines = quarantine_lines(rows, 30)
    assert len(lines) == 21
    assert lines[0] == "   1  0\\n  empty: \\x1b"
    assert lines[-1] == "      and 10 more in quarantine.jsonl"


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((0, 0, 0, 0), ""),
        ((0, 5, 0, 0), "█ 1 to 2 s"),
        ((1, 0, 800, 400), "≤ 1 ▁ █▄ > 3 s"),
    ],
)
def test_a_histogram_is_a_line_of_blocks(counts, line):
    assert sparkline(histogram(*counts)) == line
