import pytest

from engine.errors import UserError
from engine.systems.xtts.speech.split_text import Piece, num_cut, sentences, split_text


def shorter_than(most):
    return lambda text: len(text) <= most


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Jó napot! Hogy van? Jól.", ["Jó napot!", "Hogy van?", "Jól."]),
        ("„Menj!” mondta. Elment.", ["„Menj!” mondta.", "Elment."]),
        ("Ez 3,14. Az 2.5 körül van.", ["Ez 3,14.", "Az 2.5 körül van."]),
        ("Dr. Kovács jön. A 3. fejezet.", ["Dr. Kovács jön.", "A 3. fejezet."]),
        ("Nagyon... nagyon jó… Igen.", ["Nagyon... nagyon jó…", "Igen."]),
        ("Egy sor\nMásik sor\nami folytatódik", ["Egy sor", "Másik sor ami folytatódik"]),
        ("Egy sor.\nmásik sor\n", ["Egy sor.", "másik sor"]),
        ("你好。今天很好！是吗？", ["你好。", "今天很好！", "是吗？"]),
        ("नमस्ते। कैसे हो?", ["नमस्ते।", "कैसे हो?"]),
        ("  Sok \t szóköz \n\n\n Itt.  ", ["Sok szóköz", "Itt."]),
        ("- ... ! - \n Jó napot. ***", ["Jó napot."]),
        (" ... !\n", []),
        ("", []),
    ],
)
def test_sentences_end_at_marks_and_lines(text, wanted):
    assert list(sentences(text)) == wanted


def test_every_word_is_kept_in_order_whatever_the_limit():
    text = "Az első mondat, amely hosszú; nagyon hosszú: és van benne sok szó. A második rövid."
    for most in (1, 7, 12, 40, 200):
        pieces = split_text(text, shorter_than(most))
        assert all(len(piece.text) <= most for piece in pieces)
        kept = "".join("".join(piece.text.split()) for piece in pieces)
        wanted = "".join(text.split())
        left_out = ",;:." if most == 1 else ""  # punctuation alone is not spoken
        assert kept == "".join(char for char in wanted if char not in left_out)


def test_a_sentence_that_is_too_long_is_cut_after_a_clause_and_else_after_a_word():
    pieces = split_text("Ha esik, otthon maradunk a házban. Jó.", shorter_than(20))
    assert pieces == [
        Piece("Ha esik,", ends_sentence=False),
        Piece("otthon maradunk a", ends_sentence=False),
        Piece("házban."),
        Piece("Jó."),
    ]
    assert num_cut(pieces) == 1


def test_a_sentence_that_fits_is_not_cut():
    pieces = split_text("Ha esik, otthon maradunk.", shorter_than(25))
    assert pieces == [Piece("Ha esik, otthon maradunk.")]
    assert num_cut(pieces) == 0


def test_a_word_that_is_too_long_is_cut_within():
    pieces = split_text("megszentségteleníthetetlen", shorter_than(10))
    assert [piece.text for piece in pieces] == ["megszentsé", "gteleníthe", "tetlen"]


def test_where_not_even_a_letter_fits_it_is_said():
    with pytest.raises(UserError, match="cannot speak any part of 'Szia"):
        split_text("Szia.", lambda _: False)


def test_a_long_text_without_any_mark_takes_no_longer_than_its_length_asks():
    calls = 0

    def fits(text):
        nonlocal calls
        calls += 1
        return len(text) <= 100

    pieces = split_text("szó " * 5_000, fits)
    assert len(pieces) == 200
    assert calls < 20_000
