"""Builds real pages and reads them as a browser would."""

import re
from html.parser import HTMLParser

import attrs
import pytest

from engine.corpus.account import page as page_module
from engine.corpus.account.page import write_page
from engine.corpus.account.statistics import Tally
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.table.manifest import Clip, Quarantined

CLIP = Clip(
    id="anna/yes",
    path="anna/yes.wav",
    sha256="a" * 64,
    num_frames=8_000,
    sample_rate_hz=16_000,
    num_channels=1,
    peak=0.5,
    rms_dbfs=-9.0,
    speaker="anna",
    language="hu",
    text="igen",
)
EVIL = '"><script>alert(1)</script>\u202e{{ 7 * 7 }}<img src=x onerror=alert(1)>'


class Reader(HTMLParser):
    """The tags of a page, what it refers to, and its words."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [
            value for name, value in attrs if name in ("href", "src") or name[:2] == "on"
        ]

    def handle_data(self, data):
        self.words += data


@pytest.fixture
def build(tmp_path):
    """Writes the page of a corpus with these rows; gives its bytes."""

    def build(clips=(CLIP,), quarantined=(), name="words"):
        tally = Tally()
        for clip in clips:
            tally.add_clip(clip)
        for one in quarantined:
            tally.add_quarantined(one)
        report = tally.report(
            corpus=name,
            source="data/words",
            layout="folder",
            passed_over=(PassedOver(what="hidden files", number=1, examples=(".a",)),),
            packed_hz=(16_000,),
            digest="0" * 64,
        )
        return write_page(report, iter(quarantined), tmp_path).read_bytes()

    return build


def bad(number, reason="silent"):
    return Quarantined(path=f"{number}.wav", reason=reason, detail=f"detail {number}")


def read(content):
    return Reader(content.decode())


def test_the_page_says_what_was_found_and_used(build):
    said = read(build([CLIP, attrs.evolve(CLIP, id="b")], [bad(1)])).words
    assert "2 of 3 files and parts found are used" in said
    assert "hu (2 clips, 0.00 h)" in said
    assert "0.25 to 0.5" in said


def test_every_quarantined_file_is_listed_with_its_reason_and_detail(build):
    said = read(build(quarantined=[bad(1), bad(2, "too short"), bad(3)])).words
    for number in (1, 2, 3):
        assert f"{number}.wav" in said
        assert f"detail {number}" in said
    assert re.search(r"too short\s+1\b", said)
    assert re.search(r"silent\s+2\b", said)
    assert "corpora.words.min_seconds in params.toml decides" in said


def test_numbers_are_those_of_quarantine_jsonl(build):
    content = build(quarantined=[bad(1, "too short"), bad(2, "empty")]).decode()
    assert re.search(r">2</td><td class=\"path\">2.wav", content)


def test_of_very_many_files_the_rest_is_counted(build, monkeypatch):
    monkeypatch.setattr(page_module, "MOST_ROWS", 3)
    said = read(build(quarantined=[bad(number) for number in range(10)])).words
    assert "2.wav" in said
    assert "3.wav" not in said
    assert "And 7 more, in quarantine.jsonl" in said


def test_the_page_refers_to_nothing_and_runs_nothing(build):
    page = read(build(quarantined=[bad(1)]))
    assert page.links == []
    assert not {"script", "img", "link", "iframe"} & {*page.tags}


def test_what_strangers_wrote_is_shown_and_neither_run_nor_obeyed(build):
    clip = attrs.evolve(CLIP, id=EVIL, path=EVIL, speaker=EVIL, language=EVIL, text=EVIL)
    row = Quarantined(path=EVIL, reason="silent", detail=EVIL)
    content = build([clip], [row], name=EVIL)
    page = read(content)
    assert page.links == []
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "\\u202e{{ 7 * 7 }}" in page.words
    assert "\u202e" not in content.decode()


def test_a_file_name_that_is_not_utf8_is_shown_as_bytes(build):
    odd = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    row = Quarantined(path=odd, reason="silent", detail="")
    assert "caf\\xe9.wav" in read(build(quarantined=[row])).words


def test_the_same_corpus_gives_the_same_bytes(build, tmp_path):
    first = build(quarantined=[bad(1)])
    assert build(quarantined=[bad(1)]) == first
    assert str(tmp_path).encode() not in first


def test_a_corpus_without_quarantine_texts_and_speakers_has_a_page(build):
    said = read(build([attrs.evolve(CLIP, speaker=None, language=None, text=None)])).words
    assert "every file found is used" in said
    assert "unknown" in said
