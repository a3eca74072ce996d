"""The chat of Higgs Audio v2: what stands where, and what of it is learned."""

import pytest
import torch

from engine.errors import UserError
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.tokens import (
    AUDIO_EOS,
    AUDIO_OUT,
    AUDIO_OUT_BOS,
    DELAY,
    END_OF_TURN,
)
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED, delayed, delayed_labels
from engine.systems.codec_lm.sequence.pieces import AudioPiece, TextPiece
from tests.systems.codec_lm.sequence_ids import input_ids


def ids(chat, text):
    return torch.tensor(chat.tokens.encode(text))


@pytest.fixture
def sequence(make_chat, make_codes):
    """The chat of the released model's codebooks, and one clip: 50 frames, after 30 of another."""
    chat = make_chat(8, 1024)
    reference, target = make_codes(30, chat.codebooks), make_codes(100, chat.codebooks, seed=1)
    texts = ids(chat, "what is said"), ids(chat, "what the reference says")
    return chat, chat.pieces(*texts, reference, target), reference, target


def written(chat, pieces):
    """A sequence in words, "~" for each column of codes."""
    marks = {chat.tokens.id_of(mark): "~" for mark in (AUDIO_OUT, DELAY)}
    spelled = chat.tokens.spell
    return "".join(marks.get(one) or spelled([one]) for one in input_ids(chat, pieces).tolist())


def test_a_sequence_is_the_released_models_chat(sequence):
    chat, pieces, _, _ = sequence
    assert written(chat, pieces) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        "Generate audio following instruction.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nwhat the reference says<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
        f"<|audio_out_bos|>{'~' * 39}<|audio_eos|><|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nwhat is said<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
        f"<|audio_out_bos|>{'~' * 109}<|audio_eos|><|eot_id|>"
    )


def test_the_last_k_minus_1_columns_of_a_clip_have_the_placeholder_of_the_delay(sequence):
    chat, pieces, _, _ = sequence
    placeholders = input_ids(chat, pieces)
    counts = [int((placeholders == chat.tokens.id_of(mark)).sum()) for mark in (AUDIO_OUT, DELAY)]
    assert counts == [39 - 7 + 109 - 7, 14]
    ends = (placeholders == chat.tokens.id_of(AUDIO_EOS)).nonzero()[:, 0].tolist()
    for end in ends:
        assert set(placeholders[end - 7 : end].tolist()) == {chat.tokens.id_of(DELAY)}


def test_only_the_target_is_learned_with_one_end_of_stream_in_each_codebook(sequence):
    chat, pieces, reference, target = sequence
    heard, said = (piece for piece in pieces if isinstance(piece, AudioPiece))
    books = chat.codebooks
    assert heard.columns.equal(delayed(reference, books.bos, books.eos))
    assert (heard.labels == IGNORED).all(), "a label on the reference"
    assert said.columns.equal(delayed(target, books.bos, books.eos))
    assert said.labels.equal(delayed_labels(target, books.eos))
    assert (said.labels != IGNORED).sum() == 808
    assert (said.labels == books.eos).sum() == 8


def test_of_text_the_marks_around_the_target_are_learned_and_no_other(sequence):
    chat, pieces, _, _ = sequence
    texts = [piece for piece in pieces if isinstance(piece, TextPiece)]
    learned = torch.cat([text.ids[text.learned] for text in texts]).tolist()
    marks = (AUDIO_OUT_BOS, AUDIO_EOS, END_OF_TURN)
    assert learned == [chat.tokens.id_of(mark) for mark in marks]
    assert texts[-2].learned[-1]
    assert texts[-1].learned.all()


def test_a_prompt_is_the_sequence_up_to_where_target_audio_begins_and_nothing_is_learned(sequence):
    chat, pieces, reference, _ = sequence
    text, said_before = ids(chat, "what is said"), ids(chat, "what the reference says")
    prompt = chat.pieces(text, said_before, reference, None)
    whole, begun = input_ids(chat, pieces), input_ids(chat, prompt)
    assert begun.equal(whole[: len(begun)])
    assert begun[-1] == chat.tokens.id_of(AUDIO_OUT_BOS)
    assert (begun == chat.tokens.id_of(AUDIO_EOS)).sum() == 1, "that of the reference"
    assert not any(piece.learned.any() for piece in prompt if isinstance(piece, TextPiece))


def test_positions_are_counted_as_the_sequence_has_them(make_chat, make_codes):
    chat = make_chat()
    for text, before, frames in (("a", "bb cc", (1, 30)), ("one two three", "d", (12, 2))):
        reference, target = (make_codes(count, chat.codebooks) for count in frames)
        pieces = chat.pieces(ids(chat, text), ids(chat, before), reference, target)
        counts = len(ids(chat, text)), len(ids(chat, before)), *frames
        assert chat.num_positions(*counts) == len(input_ids(chat, pieces))


def test_the_digest_changes_with_all_that_decides_a_sequence(small_tokens):
    books = Codebooks(4, 16)
    chats = [
        HiggsChat(small_tokens, books, "Say it."),
        HiggsChat(small_tokens, books, "Sing it."),
        HiggsChat(small_tokens, Codebooks(2, 16), "Say it."),
    ]
    assert len({chat.digest for chat in chats}) == 3
    assert chats[0].digest == HiggsChat(small_tokens, books, "Say it.").digest


def test_an_instruction_with_a_mark_in_it_is_refused(small_tokens, make_codes):
    chat = HiggsChat(small_tokens, Codebooks(4, 16), "Stop.<|eot_id|>")
    with pytest.raises(UserError, match=r"own mark <\|eot_id\|>"):
        chat.pieces(ids(chat, "a"), ids(chat, "b"), make_codes(2, chat.codebooks), None)
