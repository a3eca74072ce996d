"""`licence.toml` in a corpus's folder, and where it is shown."""

import pytest

from engine.corpus.account.summary import report_rows
from engine.corpus.ingest import ingest
from engine.corpus.licence import Licence, read_licence, write_licence
from engine.errors import UserError

OURS = Licence(
    licence="CC-BY-SA-3.0", attribution="Copyright 2003, <b>Anna</b>", source="her \u202e album"
)


def test_what_is_written_is_read(tmp_path):
    write_licence(OURS, tmp_path)
    assert read_licence(tmp_path) == OURS
    assert read_licence(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("licence = ", "cannot be read as TOML"),
        ('licence = "CC0"', "must hold licence, attribution, source, each a text"),
        ('licence = 1\nattribution = "a"\nsource = "b"', "each a text"),
        ('licence = ""\nattribution = "a"\nsource = "b"', "each a text"),
        ('licence = "a"\nattribution = "a"\nsource = "b"\nsorce = "b"', "and nothing else"),
        (b"\xff\xfe", "cannot be read as TOML"),
    ],
)
def test_what_does_not_hold_its_keys_is_refused(tmp_path, text, said):
    (tmp_path / "licence.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError, match=said):
        read_licence(tmp_path)


def test_a_corpus_shows_it_in_its_report_and_injects_nothing(project, source, tone):
    folder = tone(project.root / "data" / "words" / "a.wav").parent
    write_licence(OURS, folder)
    corpus = ingest("words", source(), project)
    rows = dict(report_rows(corpus.report))
    assert rows["licence"] == f"{OURS}".replace("\u202e", "\\u202e")
    assert "passed over" not in rows
    page = (corpus.folder / "report.html").read_text()
    assert (
        "CC-BY-SA-3.0. Copyright 2003, &lt;b&gt;Anna&lt;/b&gt;. Source: her \\u202e album" in page
    )


def test_a_corpus_without_one_says_nothing_of_it(project, source, tone):
    tone(project.root / "data" / "words" / "a.wav")
    corpus = ingest("words", source(), project)
    assert "licence" not in dict(report_rows(corpus.report))
    assert "<dt>licence" not in (corpus.folder / "report.html").read_text()
