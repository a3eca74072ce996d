"""Sequences that break what they must hold: each is counted and named."""

import pytest
import torch
from attrs import evolve

from engine.systems.codec_lm.contract import clips_of, contract_checks
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.pieces import AudioPiece, TextPiece
from tests.systems.codec_lm.tiny_higgs import CODEBOOKS, CODES, tiny_tokens

BOOKS = Codebooks(CODEBOOKS, CODES)


def codes(frames, seed):
    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, CODES, (frames, CODEBOOKS), generator=random)


@pytest.fixture
def clips():
    """Reference and target of two clips."""
    return [[codes(5, 1), codes(9, 2)], [codes(7, 3), codes(4, 4)]]


@pytest.fixture
def sequences(clips):
    tokens = tiny_tokens()
    chat, words = HiggsChat(tokens, BOOKS, "Speak."), torch.tensor(tokens.encode("one two"))
    return [chat.pieces(words, words, *pair) for pair in clips]


def failed(sequences, clips):
    return {c.name: c.detail for c in contract_checks(sequences, clips, BOOKS) if not c.ok}


def audio_places(pieces):
    return [place for place, piece in enumerate(pieces) if isinstance(piece, AudioPiece)]


def test_the_released_models_chat_keeps_the_contract(sequences, clips):
    assert failed(sequences, clips) == {}


def test_a_reference_that_is_not_in_the_sequence_is_counted(sequences, clips):
    del sequences[1][audio_places(sequences[1])[0]]
    said = failed(sequences, clips)["audio in sequences"]
    assert (
        said == "clip 1 of the batch: 1 places for audio, but 2 clips of codes (reference, target)"
    )


def test_columns_of_another_number_or_of_another_clip_are_named(sequences, clips):
    reference, target = audio_places(sequences[0])
    cut = sequences[0][reference]
    sequences[0][reference] = AudioPiece(cut.columns[:-1], cut.labels[:-1])
    assert (
        "reference of 5 frames takes 10 columns, not 9"
        in failed(sequences, clips)["audio in sequences"]
    )
    sequences[0][reference] = cut
    whole = sequences[0][target]
    sequences[0][target] = evolve(whole, columns=(whole.columns + 1) % CODES)
    assert "its target do not hold the codes" in failed(sequences, clips)["audio in sequences"]


def test_empty_codes_are_named_as_fed_by_nothing(sequences, clips):
    clips[0][0] = clips[0][0][:0]
    assert (
        "its reference has no codes: nothing feeds it"
        in failed(sequences, clips)["audio in sequences"]
    )


def test_labels_without_end_of_stream_are_named_with_what_follows(sequences, clips):
    """What the processor of transformers gives: no label is the end of stream."""
    place = audio_places(sequences[0])[-1]
    piece = sequences[0][place]
    masked = piece.labels.masked_fill(piece.labels == BOOKS.eos, IGNORED)
    sequences[0][place] = evolve(piece, labels=masked)
    said = failed(sequences, clips)["ends of stream"]
    assert "[0, 0, 0, 0] labels for the end of stream" in said
    assert "nothing that is generated ever ends" in said


def test_labels_that_are_the_inputs_are_named(sequences, clips):
    """What fills the delay is learned too: several ends of stream, and the beginning."""
    place = audio_places(sequences[0])[-1]
    piece = sequences[0][place]
    sequences[0][place] = evolve(piece, labels=piece.columns)
    assert "[4, 3, 2, 1] labels for the end" in failed(sequences, clips)["ends of stream"]


def test_a_code_that_is_not_asked_is_counted(sequences, clips):
    place = audio_places(sequences[0])[-1]
    piece = sequences[0][place]
    labels = piece.labels.clone()
    labels[3, 0] = IGNORED
    sequences[0][place] = evolve(piece, labels=labels)
    assert (
        "[9, 10, 10, 10] labels, where its codes and end of stream need 10"
        in failed(sequences, clips)["ends of stream"]
    )


def test_a_reference_that_is_learned_is_named(sequences, clips):
    place = audio_places(sequences[1])[0]
    piece = sequences[1][place]
    sequences[1][place] = evolve(piece, labels=piece.columns)
    said = failed(sequences, clips)["labels of references"]
    assert said.startswith("clip 1 of the batch: its reference has 48 labels, 10 of them ends")


def test_text_of_other_turns_that_is_learned_is_named(sequences, clips):
    piece = sequences[0][0]
    sequences[0][0] = evolve(piece, learned=torch.ones_like(piece.learned))
    assert (
        "text tokens of turns before the target's have labels"
        in failed(sequences, clips)["labels of references"]
    )


@pytest.mark.parametrize("wrong", [IGNORED, -1])
def test_ids_below_zero_are_found_before_a_table_or_a_decoder(sequences, clips, wrong):
    text, audio = sequences[0][0], audio_places(sequences[0])[-1]
    sequences[0][0] = TextPiece(
        text.ids.clone().index_fill(0, torch.tensor([2]), wrong), text.learned
    )
    assert f"text tokens hold {wrong}: padding" in failed(sequences, clips)["entries of sequences"]
    sequences[0][0] = text
    piece = sequences[0][audio]
    sequences[0][audio] = evolve(piece, columns=piece.columns.where(piece.columns != CODES, wrong))
    assert f"codes hold {wrong}: padding" in failed(sequences, clips)["entries of sequences"]


def test_an_entry_that_no_codebook_has_is_named(sequences, clips):
    place = audio_places(sequences[0])[0]
    piece = sequences[0][place]
    sequences[0][place] = evolve(piece, columns=piece.columns + 2)
    assert (
        "its codes hold 19, and a codebook has 18 entries"
        in failed(sequences, clips)["entries of sequences"]
    )


def test_the_clips_of_a_batch_are_its_codes_without_padding(clips):
    padded = {
        name: torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
        for name, rows in zip(("reference", "target"), zip(*clips, strict=True), strict=True)
    }
    for own, found in zip(clips, clips_of(padded), strict=True):
        assert all(torch.equal(*pair) for pair in zip(own, found, strict=True))


def test_text_that_is_to_be_spoken_is_no_label():
    tokens, codes_of = tiny_tokens(), [[codes(5, 1), codes(9, 2)], [codes(7, 3), codes(4, 4)]]
    chat = HiggsChat(tokens, BOOKS, "Speak.")
    words = [torch.tensor(tokens.encode(text)) for text in ("one two", "one two three four")]
    made = [chat.pieces(text, text, *pair) for text, pair in zip(words, codes_of, strict=True)]
    assert failed(made, codes_of) == {}
    for pieces in made:
        before = audio_places(pieces)[1] - 1
        pieces[before] = evolve(pieces[before], learned=torch.ones_like(pieces[before].learned))
    assert "text that is to be spoken is learned" in failed(made, codes_of)["labels of text"]
