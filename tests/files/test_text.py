import pytest

from engine.files.text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("two\nlines\t", "two\\nlines\\t"),
        ("\u2066\u2069\u200b\ufeff", "\\u2066\\u2069\\u200b\\ufeff"),
        ("\u2028\x85", "\\u2028\\x85"),
        ("\U000e0041", "\\U000e0041"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_cannot_be_seen_is_written_as_escapes(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["", "plain", "Jó reggelt!", "శుభోదయం", "非常 \xa0 好", "e\u0301"])
def test_what_can_be_seen_stays(text):
    assert visible(text) == text


@pytest.mark.parametrize("text", ["ఫేస్\u200cబుక్", "می\u200cخواهم"])
def test_joiners_stay_where_a_script_needs_them(text):
    assert visible(text) == text


@pytest.mark.parametrize("text", ["\u200da", "yes\u200d", "yes\u200cno"])
def test_joiners_elsewhere_are_shown(text):
    assert "\\u200" in visible(text)


def test_line_breaks_may_be_kept():
    assert visible("a\nb\x1b", keep="\n") == "a\nb\\x1b"


def test_whatever_is_shown_can_be_printed():
    assert visible("".join(map(chr, range(0x11000)))).encode()
