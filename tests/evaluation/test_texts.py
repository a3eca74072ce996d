import pytest

from engine.evaluation.texts import sentence_key, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jó napot kívánok.", "jó napot kívánok"),
        ("Jó napot kívánok!", "„Jó napot, kívánok…”"),
        ("Jó napot", "JO\u0301 NAPOT"),
        ("ﬁne ２ go", "fine 2 go"),
        ("जल ३ है।", "जल 3 है"),
        ("నెట్\u200cవర్క్", "నెట్వర్క్"),
        ("今日は、いい天気です。", "今日は いい天気です"),
        ("Don't", "don’t"),
        ("l´eau", "leau"),
        ("IŞIK İZMİR", "ışık izmir"),
        ("ΣΟΦΟΣ", "σοφός".replace("ό", "ο")),
        ("Straße", "STRASSE"),
        ("well-known", "well known"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمـــد"),
        ("co\u00adoperate", "cooperate"),
        ("Hi ☺️", "hi"),
    ],
)
def test_texts_that_differ_in_marks_case_or_form_are_one_sentence(one, other):
    assert sentence_key(one) == sentence_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("కి", "కు"),  # vowel signs are marks
        ("कि", "की"),
        ("ő", "ö"),
        ("har", "hár"),
        ("3 alma", "4 alma"),
        ("กา", "กี"),
    ],
)
def test_texts_that_differ_in_a_letter_or_vowel_sign_are_two(one, other):
    assert sentence_key(one) != sentence_key(other)


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "„”", "\u0301", "¨ ´", "—", "☺️"])
def test_a_text_of_marks_alone_has_no_key(text):
    assert sentence_key(text) == words_of(text) == ""


def test_words_stand_apart_for_word_error_rates():
    assert words_of("Don't - it’s „so”, OK?") == "dont its so ok"
    assert words_of("స్వాగతం, 3!") == "స్వాగతం 3"
    assert words_of("mi\u200crava") == "mirava"
