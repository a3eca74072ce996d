import pytest

from engine.corpus.layouts import Listing
from engine.corpus.manifest import Clip, Manifest, Quarantined
from engine.corpus.report import make_report, read_report, write_report
from engine.errors import UserError


def clip(name, seconds, **facts):
    facts = {"peak": 0.5, "sample_rate_hz": 16_000} | facts
    return Clip(
        id=name,
        path=f"{name}.wav",
        sha256=name,
        num_frames=round(seconds * facts["sample_rate_hz"]),
        num_channels=1,
        rms_dbfs=-20.0,
        **facts,
    )


@pytest.fixture
def report():
    clips = (
        clip("a", 1800, speaker="x", language="hu", text="jó", listed="train"),
        clip("b", 1800, speaker="x", language="hu", label="b", listed="eval"),
        clip("c", 3600, speaker="y", sample_rate_hz=44_100, peak=1.2),
    )
    bad = tuple(Quarantined(path=name, reason="silent", detail="") for name in "de")
    return make_report(
        Manifest(clips=clips, quarantined=bad),
        Listing(layout="folder", candidates=(), num_other_files=4),
        corpus="words",
        source="data/words",
        packed_hz=(16_000,),
    )


def test_everything_found_is_used_or_quarantined(report):
    assert (report.num_found, report.num_used) == (5, 3)
    assert report.quarantined == {"silent": 2}
    assert report.num_other_files == 4


def test_hours_speakers_languages_labels_and_rates_are_counted(report):
    assert report.hours == 2.0
    assert (report.shortest_seconds, report.longest_seconds) == (1800, 3600)
    assert (report.num_speakers, report.num_labels, report.num_with_text) == (2, 1, 1)
    assert report.languages == {"hu": 2}
    assert report.listed == {"eval": 1, "train": 1}
    assert report.sample_rates_hz == {"16000": 2, "44100": 1}
    assert report.num_beyond_full_scale == 1


def test_a_report_is_read_back_as_it_was_written(report, tmp_path):
    write_report(report, tmp_path)
    assert read_report(tmp_path) == report


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_a_damaged_report_is_an_error_in_words(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(UserError, match=r"report.json is missing or damaged"):
        read_report(tmp_path)
