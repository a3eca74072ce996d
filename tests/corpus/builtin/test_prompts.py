import re
from collections import Counter
from pathlib import Path

import pytest

from engine.corpus.builtin.prompts import (
    read_sentences,
    read_templates,
    read_voices,
    read_words,
)
from engine.errors import UserError

SHIPPED = Path(__file__).parents[3] / "data" / "builtin"
needs_shipped = pytest.mark.skipif(not SHIPPED.is_dir(), reason="the prompts have been replaced")


@needs_shipped
def test_the_shipped_words_are_those_of_speech_commands():
    words = read_words(SHIPPED)
    assert len(words) == len(set(words)) == 35
    assert {"yes", "no", "visual", "zero"} < set(words)


@needs_shipped
def test_the_shipped_sentences_are_enough_and_all_different():
    sentences = read_sentences(SHIPPED)
    numbers = Counter(language for language, _ in sentences)
    assert numbers["hu"] >= 120
    assert numbers["te"] >= 60
    assert numbers["en"] >= 60
    assert len({text for _, text in sentences}) == len(sentences)


@needs_shipped
def test_the_shipped_voices_are_different_and_whole_voices_are_held_out():
    voices = read_voices(SHIPPED, "words")
    variants = [voice.name.partition("+")[2] for voice in voices]
    assert len(set(variants)) == len(variants)
    assert Counter(voice.listed for voice in voices) == {"train": 34, "eval": 5, "test": 4}


@needs_shipped
def test_every_sentence_has_a_voice():
    spoken = {voice.language for voice in read_voices(SHIPPED, "speech")}
    assert {language for language, _ in read_sentences(SHIPPED)} == spoken


@needs_shipped
def test_the_shipped_voices_to_clone_are_different_and_whole_voices_are_held_out():
    voices = read_voices(SHIPPED, "cloning")
    assert len({voice.name for voice in voices}) == len(voices)
    assert Counter(voice.listed for voice in voices) == {"train": 40, "eval": 8}
    assert {voice.accent for voice in voices} == {"en-us"}


@needs_shipped
@pytest.mark.parametrize("corpus", ["voice", "cloning"])
def test_every_shipped_slot_is_asked_for_by_a_template(corpus):
    rows = read_templates(SHIPPED, corpus)
    templates = " ".join(text for slot, text in rows if slot == "sentence")
    assert set(re.findall(r"{(\w+)}", templates)) | {"sentence"} == {slot for slot, _ in rows}


@needs_shipped
def test_no_shipped_text_would_follow_the_wrong_hungarian_article():
    rows = read_templates(SHIPPED, "voice")
    after_a = {
        slot
        for slot, text in rows
        if slot == "sentence"
        for slot in re.findall(r"\b[Aa] {(\w+)}", text)
    }
    filled = [text for slot, text in rows if slot in after_a]
    assert len(filled) > 20
    assert not [text for text in filled if text[0].lower() in "aáeéiíoóöőuúüű"]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(UserError, match=r"words.tsv is missing"):
        read_words(tmp_path)


def test_other_columns_are_refused(tmp_path):
    (tmp_path / "words.tsv").write_text("wort\nja\n")
    with pytest.raises(UserError, match=r"words.tsv, line 1: the columns must be word"):
        read_words(tmp_path)


@pytest.mark.parametrize("line", ["hu", "hu\tJó\tmore"])
def test_a_line_of_other_columns_is_named(tmp_path, line):
    (tmp_path / "speech.tsv").write_text(f"language\ttext\nhu\tJó\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"speech.tsv, line 3: expected 2 columns"):
        read_sentences(tmp_path)
