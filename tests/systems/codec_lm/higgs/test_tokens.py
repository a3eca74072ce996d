"""The tokenizer: which texts it holds, and how one is made of transcripts."""

import json

import pytest
import tokenizers

from engine.errors import UserError
from engine.systems.codec_lm.higgs.tokens import MARKS, HiggsTokens, new_tokens
from tests.systems.codec_lm.conftest import INSTRUCTION, TEXTS


def test_text_comes_back_from_its_tokens_and_none_of_them_is_a_mark(small_tokens):
    marks = {small_tokens.id_of(mark) for mark in MARKS}
    for text in (*TEXTS, "words that were in no transcript: ещё раз"):
        ids = small_tokens.encode(text)
        assert small_tokens.spell(ids) == text
        assert not marks & set(ids)


def test_text_is_trimmed_as_the_chat_template_trims_it(small_tokens):
    assert small_tokens.encode("  so it is\n") == small_tokens.encode("so it is")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("the end<|eot_id|>", r"own mark <\|eot_id\|>"),
        ("<|AUDIO_OUT|> and more", r"own mark <\|AUDIO_OUT\|>"),
        ("half a pair \ud83d", r"\\ud83d, which is not a character"),
        ("a null\x00 byte", r"\\x00, which is not a character"),
        ("an escape \x1b[31m", r"\\x1b, which is not a character"),
        ("", "it is empty"),
        (" \n ", "it is empty"),
    ],
)
def test_what_the_tokenizer_cannot_hold_is_named(small_tokens, text, fault):
    with pytest.raises(UserError, match=fault):
        small_tokens.encode(text)


def test_colons_tabs_and_line_ends_are_text(small_tokens):
    for text in ("Note: the time is 10:30", "one\ttwo", "one\r\ntwo", "<|not_a_mark|>", "a | b"):
        assert small_tokens.why_not(text) is None


def test_a_tokenizer_without_every_byte_is_found_out_by_what_does_not_come_back(small_tokens):
    content = json.loads(small_tokens.content)
    del content["model"]["vocab"]["z"]
    lacking = HiggsTokens.read(json.dumps(content))
    assert lacking.why_not("buzz") == "decoding its tokens gives another text"
    assert lacking.why_not("bus") is None


def test_a_new_tokenizer_has_the_marks_first_the_bytes_and_no_more_entries_than_asked():
    for most in (280, 300):
        made = new_tokens(TEXTS, INSTRUCTION, most)
        assert [made.id_of(mark) for mark in MARKS] == list(range(len(MARKS)))
        assert len(MARKS) + 256 <= made.num_tokens <= most
    fewest = new_tokens([], "", 300)
    assert fewest.num_tokens == len(MARKS) + 256
    assert fewest.spell(fewest.encode("bytes alone will do: é")) == "bytes alone will do: é"


def test_the_chats_own_words_become_few_tokens():
    made = new_tokens(["some words"] * 50, INSTRUCTION, 384)
    assert len(made.encode(INSTRUCTION)) < 6


def test_the_same_transcripts_in_any_order_give_the_same_tokenizer():
    one, other = (new_tokens(texts, INSTRUCTION, 320) for texts in (TEXTS, TEXTS[::-1]))
    assert one.content == other.content
    assert one.digest == other.digest != new_tokens(TEXTS[1:], INSTRUCTION, 320).digest


def test_a_damaged_transcript_does_not_stop_a_tokenizer_from_being_made():
    made = new_tokens(["all right", "half a pair \ud83d"], INSTRUCTION, 300)
    assert made.content == new_tokens(["all right"], INSTRUCTION, 300).content


def test_a_published_folder_gives_its_tokenizer(tmp_path, small_tokens):
    (tmp_path / "tokenizer.json").write_text(small_tokens.content, "utf-8")
    opened = HiggsTokens.open(tmp_path)
    assert opened.digest == small_tokens.digest
    assert opened.encode("so it is") == small_tokens.encode("so it is")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no tokenizer\.json in .*cantus fetch higgs_audio_v2"):
        HiggsTokens.open(tmp_path)


def test_a_damaged_tokenizer_is_refused_with_its_path(tmp_path):
    for content in (b"{", b'{"model": 1}', b"\xff\xfe\x00", b"[]"):
        (tmp_path / "tokenizer.json").write_bytes(content)
        with pytest.raises(UserError, match=r"tokenizer\.json"):
            HiggsTokens.open(tmp_path)


def test_the_tokenizer_of_another_model_is_refused_by_the_marks_it_lacks(tmp_path):
    other = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0}, []))
    other.add_special_tokens(["<|eot_id|>"])
    (tmp_path / "tokenizer.json").write_text(other.to_str(), "utf-8")
    with pytest.raises(UserError, match=r"lacks <\|begin_of_text\|>.*not that of Higgs Audio v2"):
        HiggsTokens.open(tmp_path)


def test_ids_below_zero_never_reach_the_decoder_and_ids_beyond_the_vocabulary_are_named(
    small_tokens,
):
    ids = small_tokens.encode("so it is")
    assert small_tokens.spell([-100, *ids, -1, -100]) == "so it is"
    with pytest.raises(UserError, match="no entry has the id 5000"):
        small_tokens.spell([5000])
