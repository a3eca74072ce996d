import pytest

from engine.metrics.word_errors import character_error_rate, word_error_rate

SAID = "Jó napot kívánok, miben segíthetek?"


def test_what_is_heard_as_it_was_said_has_no_errors():
    assert word_error_rate(SAID, SAID) == character_error_rate(SAID, SAID) == 0.0


def test_case_marks_and_encoding_are_no_errors():
    decomposed = "JO\u0301 NAPOT  kívánok - miben segíthetek!"
    assert word_error_rate(SAID, decomposed) == 0.0


@pytest.mark.parametrize(
    ("heard", "words", "characters"),
    [
        ("", 1.0, 1.0),
        ("b c", 1 / 3, 2 / 5),
        ("a x c", 1 / 3, 1 / 5),
        ("a b b c", 1 / 3, 2 / 5),
        ("x y z u", 4 / 3, 5 / 5),
    ],
)
def test_words_left_out_put_in_and_replaced_are_counted(heard, words, characters):
    assert word_error_rate("a b c", heard) == pytest.approx(words)
    assert character_error_rate("a b c", heard) == pytest.approx(characters)


def test_the_fewest_changes_are_counted():
    assert character_error_rate("kitten", "sitting") == pytest.approx(3 / 6)
