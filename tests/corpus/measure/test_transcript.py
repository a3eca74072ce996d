import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.audio.decode import UnusableError
from engine.corpus.measure.transcript import check_transcript, num_spoken

LATIN = "abcdefghijklmnopqrstuvwxyz"


def why(text, *, required=True, alphabet=""):
    with pytest.raises(UnusableError) as caught:
        check_transcript(text, required=required, alphabet=alphabet)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize("text", [None, "", " \n", "\x00", "\u0301", "...", "\u202e", "—?!"])
def test_a_text_without_a_letter_or_digit_is_no_transcript(text):
    assert why(text)[0] == "transcript missing"
    assert check_transcript(text, required=False, alphabet=LATIN) is None


@pytest.mark.parametrize("text", ["Jó reggelt!", "శుభోదయం", "ఫేస్\u200cబుక్", "It's 5 €, “ok”?", "7"])
def test_an_ordinary_text_stays_as_it_is(text):
    assert check_transcript(text, required=True, alphabet="") == text


def test_white_space_becomes_single_spaces_and_letters_are_composed():
    text = "  e\u0301n\r\n\tte\u2028 "
    assert check_transcript(text, required=True, alphabet="") == "\u00e9n te"


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\x00", "U+0000 control character"),
        ("\x1b", "U+001B control character"),
        ("\x1c", "U+001C control character"),
        ("\x85", "U+0085 control character"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2067", "U+2067 RIGHT-TO-LEFT ISOLATE"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\ufffd", "U+FFFD REPLACEMENT CHARACTER"),
        ("\ud800", "U+D800 surrogate"),
        ("\ue000", "U+E000 private"),
        ("\u0378", "U+0378 unassigned"),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_what_no_text_should_hold_is_refused_by_name(char, name, required):
    said = why(f"yes{char}", required=required)
    assert said == ("alphabet unknown", f"it holds {name}")


@pytest.mark.parametrize(
    ("text", "alphabet"),
    [
        ("Yes, No: 12!", LATIN),
        ("yes", LATIN.upper()),
        ("Ő E\u0301", "őé"),
        ("ő", "o\u030b"),
        ("ΣΟΦΟΣ σοφος σοφός", "σοφό"),
        ("Straße", LATIN + "ß"),
        ("ఫేస్\u200cబుక్ 7౭", "ఫేస్బుక"),
    ],
)
def test_letters_of_the_alphabet_pass_in_either_case(text, alphabet):
    assert check_transcript(text, required=True, alphabet=alphabet)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Да", "U+0414 CYRILLIC CAPITAL LETTER DE, U+0430 CYRILLIC SMALL LETTER A"),
        ("yeѕ", "U+0455 CYRILLIC SMALL LETTER DZE"),
        ("ı", "U+0131 LATIN SMALL LETTER DOTLESS I"),
        ("5 €", "U+20AC EURO SIGN"),
        ("yes🙂", "U+1F642 SLIGHTLY SMILING FACE"),
        ("q\u0308", "U+0308 COMBINING DIAERESIS"),
    ],
)
def test_letters_marks_and_symbols_it_lacks_are_named(text, names):
    assert why(text, alphabet=LATIN) == ("alphabet unknown", f"the alphabet lacks {names}")


def test_of_many_unknown_letters_five_are_named():
    assert why("абвгдежз", alphabet=LATIN)[1].endswith("LETTER DE and 3 more")


def test_marks_without_end_are_refused_before_they_take_time():
    assert why("a" + "\u0315\u0300" * 500_000) == (
        "alphabet unknown",
        "more than 30 marks on one letter",
    )


@given(st.none() | st.text(st.characters()), st.booleans(), st.sampled_from(["", LATIN]))
def test_whatever_the_text_it_is_clean_missing_or_refused(text, required, alphabet):
    try:
        clean = check_transcript(text, required=required, alphabet=alphabet)
    except UnusableError as error:
        outcome = error.reason
    else:
        outcome = "clean"
        assert clean is None or clean.encode()
        assert clean == check_transcript(clean, required=False, alphabet=alphabet)
    assert outcome in ("clean", "transcript missing", "alphabet unknown")


@pytest.mark.parametrize(
    ("text", "number"), [("Jó, 12!", 4), ("e\u0301", 1), ("నే", 1), ("...", 0), ("", 0)]
)
def test_letters_and_digits_are_counted_without_marks(text, number):
    assert num_spoken(text) == number
