"""Sequences in one stream and in rows, and from where each label is predicted."""

import pytest
import torch
from torch import Tensor

from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import Packed, pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece


def _text(*ids: int, learned: int = 0) -> TextPiece:
    places = torch.arange(len(ids))
    return TextPiece(torch.tensor(ids), places >= len(ids) - learned)


def _audio(*columns: tuple[int, int], labels: list[tuple[int, int]] | None = None) -> AudioPiece:
    entries = torch.tensor(columns)
    ignored = torch.full_like(entries, IGNORED)
    return AudioPiece(entries, ignored if labels is None else torch.tensor(labels))


def _two_sequences() -> list[list[Piece]]:
    """Of 5 and 4 positions: text 1 2, audio, text 3 | text 4, audio, text 5."""
    return [
        [_text(1, 2), _audio((7, 8), (9, 10), labels=[(-100, -100), (9, -100)]), _text(3)],
        [_text(4), _audio((11, 12), (13, 14)), _text(5, learned=1)],
    ]


def _packed() -> Packed:
    return pack(_two_sequences(), "cpu")


def test_the_stream_is_all_text_and_then_all_audio() -> None:
    packed = _packed()
    assert packed.text.tolist() == [1, 2, 3, 4, 5]
    assert packed.audio.tolist() == [[7, 8], [9, 10], [11, 12], [13, 14]]


def test_positions_are_counted_in_each_sequence() -> None:
    text, audio = [0, 1, 4, 0, 3], [2, 3, 1, 2]
    assert _packed().positions.tolist() == text + audio


def test_rows_hold_each_sequence_in_order_padded_on_the_right() -> None:
    assert _packed().rows.tolist() == [[0, 1, 5, 6, 2], [3, 7, 8, 4, 0]]


def test_slots_lead_from_the_stream_into_the_rows_and_back() -> None:
    packed = _packed()
    there = packed.rows.flatten()[packed.slots]
    assert torch.equal(there, torch.arange(len(packed.text) + len(packed.audio)))


def test_a_label_is_predicted_from_the_position_before_it() -> None:
    packed = _packed()
    assert _stream(packed, packed.text_from) == [8]  # the last column, before text 5
    assert _stream(packed, packed.audio_from) == [5]  # column (7, 8), before (9, 10)


def test_labels_are_those_that_are_learned_with_their_clips() -> None:
    packed = _packed()
    assert packed.text_labels.tolist() == [5]
    assert packed.text_clips.tolist() == [1]
    assert packed.audio_labels.tolist() == [[9, IGNORED]]
    assert packed.audio_clips.tolist() == [0]


def test_what_is_asked_is_given_in_the_order_of_the_stream() -> None:
    packed = _packed()
    assert packed.asked_text.tolist() == []
    assert packed.asked_audio.tolist() == [0, 3]
    assert packed.asked.tolist() == [5, 8]


def test_each_position_has_its_clip() -> None:
    assert _packed().clips.tolist() == [0, 0, 0, 1, 1, 0, 0, 1, 1]


def test_a_first_column_may_be_learned_after_text() -> None:
    packed = pack([[_text(1), _audio((2, 3), labels=[(2, 3)])]], "cpu")
    assert _stream(packed, packed.audio_from) == [0]
    assert packed.asked_text.tolist() == [0]


def test_a_sequence_that_begins_with_something_learned_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with something learned"):
        pack([[_text(1), _audio((2, 3))], [_text(1, learned=1), _audio((2, 3))]], "cpu")


def test_packing_goes_to_the_device_that_is_asked_for() -> None:
    assert all(entry.device.type == "meta" for entry in pack(_two_sequences(), "meta"))


def _stream(packed: Packed, asked: Tensor) -> list[int]:
    positions: list[int] = packed.asked[asked].tolist()
    return positions
