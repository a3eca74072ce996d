import pytest

from engine.corpus.account.report import read_report, write_report
from engine.corpus.account.statistics import Tally
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.table.manifest import Clip, Quarantined
from engine.errors import UserError


@pytest.fixture
def report():
    tally = Tally()
    odd = b"caf\xe9".decode("utf-8", "surrogateescape")
    for name in ("jó", odd):
        tally.add_clip(
            Clip(
                id=name,
                path=f"{name}.wav",
                sha256="0" * 64,
                num_frames=8_000,
                sample_rate_hz=16_000,
                num_channels=1,
                peak=0.5,
                rms_dbfs=-20.0,
                speaker=name,
                language="hu",
                text="jó",
            )
        )
    tally.add_quarantined(Quarantined(path="d", reason="silent", detail=""))
    return tally.report(
        corpus="words",
        source="data/words",
        layout="folder",
        passed_over=(PassedOver(what="hidden files", number=4, examples=(".a", ".b", ".c")),),
        packed_hz=(16_000,),
        digest="0" * 64,
    )


def test_a_report_is_read_back_as_it_was_written(report, tmp_path):
    write_report(report, tmp_path)
    assert read_report(tmp_path) == report


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "[" * 100_000])
def test_a_damaged_report_is_an_error_in_words(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(UserError, match=r"report.json is missing or damaged"):
        read_report(tmp_path)
