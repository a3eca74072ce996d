"""Batches of clips and references: what is in them, and what each draw follows from."""

import numpy as np
import pytest
import torch

from engine.systems.codec_lm.data.dataset import PADDING
from engine.systems.codec_lm.data.reference_notes import reference_notes
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.pieces import AudioPiece
from engine.training.order import Order

ENTRIES = ("text", "reference_text", "target", "reference")


@pytest.fixture
def clips(make_utterances):
    return make_utterances().training


def draw(clips, indices=None, seed=0):
    indices = range(len(clips)) if indices is None else indices
    return clips.batch(indices, np.random.default_rng(seed))


def own(rows):
    """Rows without their padding."""
    used = rows if rows.dim() == 2 else rows[..., 0]
    return [row[row_used != PADDING] for row, row_used in zip(rows, used, strict=True)]


def place_of(clips, codes):
    """Which clip of a set has these codes."""
    found = [at for at, those in enumerate(clips.codes) if np.array_equal(those, codes.numpy())]
    assert len(found) == 1
    return found[0]


def drawn_from(clips, batch):
    return [place_of(clips, codes) for codes in own(batch["reference"])]


def test_a_batch_holds_text_and_codes_of_target_and_reference_and_padding_on_the_right(clips):
    batch = draw(clips)
    assert set(batch) == set(ENTRIES)
    references = drawn_from(clips, batch)
    expected = {
        "text": clips.texts,
        "target": clips.codes,
        "reference_text": [clips.texts[other] for other in references],
        "reference": [clips.codes[other] for other in references],
    }
    for name, rows in expected.items():
        assert batch[name].dtype == torch.int64
        assert batch[name].shape[:2] == (len(clips), max(map(len, rows)))
        lengths = [len(row) for row in rows]
        assert len(set(lengths)) > 1, "nothing would be padded"
        for row, content in zip(batch[name], rows, strict=True):
            assert row[: len(content)].tolist() == content.tolist()
            assert (row[len(content) :] == PADDING).all()


def test_a_reference_is_another_clip_of_the_same_speaker_and_drawn_anew(clips):
    seen = {clip: set() for clip in range(len(clips))}
    for seed in range(30):
        for clip, other in enumerate(drawn_from(clips, draw(clips, seed=seed))):
            assert other != clip
            assert clips.speakers[other] == clips.speakers[clip]
            seen[clip].add(other)
    assert {len(others) for others in seen.values()} == {4}, "all other clips of the speaker"


def test_draws_follow_from_the_generator_alone(clips):
    random = np.random.default_rng(5)
    draw(clips, seed=9)
    first = clips.batch(range(8), random)
    state = random.bit_generator.state
    second = clips.batch(range(8), random)
    random.bit_generator.state = state
    again = clips.batch(range(8), random)
    assert all(second[name].equal(again[name]) for name in ENTRIES)
    assert drawn_from(clips, first) != drawn_from(clips, second)


def test_references_come_from_the_same_set(make_utterances):
    utterances = make_utterances()
    training, evaluation = utterances.training, utterances.evaluation
    assert not set(training.speakers) & set(evaluation.speakers), "whole speakers are held out"
    for clips in (training, evaluation):
        for seed in range(5):
            assert set(drawn_from(clips, draw(clips, seed=seed))) <= set(range(len(clips)))
    few = training.only(np.array([0, 1, 5, 6]))
    assert drawn_from(few, draw(few)) == [1, 0, 3, 2]


def test_evaluation_has_fixed_references_that_follow_from_the_audio(make_utterances):
    clips = make_utterances().evaluation
    once, again = clips.evaluated(range(10)), clips.evaluated(range(10))
    assert all(once[name].equal(again[name]) for name in ENTRIES)
    assert drawn_from(clips, once) == clips.fixed_references
    order = np.array([7, 2, 9, 0, 5, 1, 3, 8, 4, 6])
    shuffled = clips.only(order)
    moved = [int(order[place]) for place in shuffled.fixed_references]
    assert moved == [clips.fixed_references[place] for place in order.tolist()]
    assert len(set(clips.fixed_references)) > 2, "not one clip for all"


def test_evaluation_takes_other_references_with_their_texts(make_utterances):
    clips = make_utterances().evaluation
    others = clips.other_speakers
    assert all(clips.speakers[other] != clips.speakers[at] for at, other in enumerate(others))
    swapped, right = clips.evaluated(range(10), others), clips.evaluated(range(10))
    assert swapped["target"].equal(right["target"])
    assert swapped["text"].equal(right["text"])
    assert drawn_from(clips, swapped) == others
    texts = [row.tolist() for row in own(swapped["reference_text"])]
    assert texts == [clips.texts[other].tolist() for other in others]


def test_lengths_are_the_positions_of_a_sequence_with_a_reference_of_mean_length(clips):
    for clip in (0, 7):
        others = [at for at, name in enumerate(clips.speakers) if name == clips.speakers[clip]]
        counts = [
            clips.chat.num_positions(
                len(clips.texts[clip]), len(clips.texts[at]), len(clips.codes[at]), frames
            )
            for at in others
            for frames in [len(clips.codes[clip])]
        ]
        assert abs(clips.lengths[clip] - np.mean(counts)) <= 0.5
    assert isinstance(Order(clips.lengths, batch_size=4, seed=1), Order)


def test_a_sequence_of_the_batch_has_one_set_of_labels_k_ends_and_none_on_the_reference(clips):
    batch, chat = draw(clips), clips.chat
    books = chat.codebooks
    for row in zip(*(own(batch[name]) for name in ENTRIES), strict=True):
        text, reference_text, target, reference = row
        pieces = chat.pieces(text, reference_text, reference, target)
        heard, said = (piece for piece in pieces if isinstance(piece, AudioPiece))
        assert (heard.labels == IGNORED).all()
        assert (said.labels != IGNORED).sum() == books.num_codebooks * (len(target) + 1)
        assert (said.labels == books.eos).sum(0).tolist() == [1] * books.num_codebooks
        assert len(heard.columns) == len(reference) + books.num_codebooks + 1


def test_what_is_too_long_to_be_a_reference_is_counted(make_utterances):
    everything = make_utterances().training
    assert reference_notes(everything) == [
        "Each clip has 4 references, other clips of its speaker."
    ]
    limited = make_utterances(dataset={"max_reference_seconds": 1.0}).training
    (_, note) = reference_notes(limited)
    counts = limited.references.counts
    assert f"Of {4 * len(limited)} pairs" in note
    assert f"{4 * len(limited) - counts.sum()} are not drawn" in note
    assert f"({int((limited.num_frames > 25).sum())} clips)" in note
    for seed in range(10):
        frames = [len(codes) for codes in own(draw(limited, seed=seed)["reference"])]
        assert max(frames) <= 25
