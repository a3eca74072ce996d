"""Batches of utterances: what is padded, what is drawn, and whose voice is heard."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.corpus import Corpus
from engine.features.cache import Features
from engine.systems.xtts.data.audio_codes import as_waveform, num_codes_in
from engine.systems.xtts.data.cached_features import CachedFeatures
from engine.systems.xtts.data.dataset import voice_notes
from engine.systems.xtts.data.eligible import Eligible
from engine.systems.xtts.data.utterances import encode_clips
from engine.training.order import Order
from tests.systems.xtts.small_project import RATE, SENTENCES

ALL = range(6)


def draw(clips, indices=ALL, seed=0):
    return clips.batch(indices, np.random.default_rng(seed))


def heard(batch, row):
    return batch["voice"][row, : batch["voice_lengths"][row]]


def place_in(part, whole):
    """Where `part` begins in `whole`, or None."""
    starts = (whole == part[0]).nonzero()[:, 0].tolist()
    found = (start for start in starts if torch.equal(whole[start : start + len(part)], part))
    return next(found, None)


def conditioned(clips, **changes):
    return evolve(clips, dataset=evolve(clips.dataset, **changes))


def test_a_batch_is_padded_on_the_right_with_zeros_and_says_how_long_each_row_is(make_xtts):
    clips = conditioned(make_xtts().train_clips, conditioning_seconds=(1.0, 1.0))  # half of each
    batch = draw(clips)
    kinds = {"text": torch.int64, "codes": torch.int64, "voice": torch.float32}
    for name, kind in kinds.items():
        lengths = batch[{"codes": "code_lengths"}.get(name, f"{name}_lengths")]
        assert batch[name].dtype == kind
        assert batch[name].shape == (6, int(lengths.max()))
        assert len(set(lengths.tolist())) > 1, "nothing would be padded"
        for row, length in zip(batch[name], lengths.tolist(), strict=True):
            assert not row[length:].any()
    for row, index in enumerate(ALL):
        text, codes = batch["text"][row], batch["codes"][row]
        assert text[: batch["text_lengths"][row]].tolist() == clips.tokens[index].tolist()
        assert codes[: batch["code_lengths"][row]].tolist() == clips.codes[index].tolist()
        assert len(clips.codes[index]) == num_codes_in(len(clips.audio(index)))


def test_the_tokens_are_those_of_the_clips_own_transcript(make_xtts):
    system = make_xtts()
    for clips in (system.train_clips, system.eval_clips):
        texts = [system.corpus.manifest.clips[row].text for row in clips.rows.tolist()]
        assert set(texts) <= set(SENTENCES)
        encode = system.assets.vocabulary.tokenizer.encode
        assert [t.tolist() for t in clips.tokens] == [encode(text, "hu") for text in texts]


def test_an_excerpt_is_a_part_of_the_clip_of_a_length_within_bounds(make_xtts):
    clips = conditioned(make_xtts().train_clips, conditioning_seconds=(0.2, 0.3))
    starts, lengths = [], []
    for seed in range(8):
        batch = draw(clips, seed=seed)
        lengths += set(batch["voice_lengths"].tolist())
        for row, index in enumerate(ALL):
            starts.append(place_in(heard(batch, row), clips.audio(index)))
    assert None not in starts
    assert min(lengths) >= round(0.2 * RATE)
    assert max(lengths) <= round(0.3 * RATE)
    assert len(set(starts)) > 40
    assert len(set(lengths)) == len(lengths) == 8, "one for each batch, and each another"


def test_of_a_clip_that_is_no_longer_than_the_excerpt_half_is_heard(make_xtts):
    clips = conditioned(make_xtts().train_clips, conditioning_seconds=(1.0, 1.0))
    batches = [draw(clips, seed=seed) for seed in range(4)]
    for batch in batches:
        halves = [len(clips.audio(index)) // 2 for index in ALL]
        assert batch["voice_lengths"].tolist() == halves
        assert all(place_in(heard(batch, row), clips.audio(row)) is not None for row in ALL)
    assert not torch.equal(batches[0]["voice"], batches[1]["voice"])


def test_another_clip_of_the_speaker_is_heard_whole_where_it_is_short(make_xtts):
    clips = make_xtts().train_clips
    clips = conditioned(clips, conditioning="same_speaker", conditioning_seconds=(1.0, 1.0))
    batch = draw(clips)
    whole = {tuple(clips.audio(index).tolist()) for index in range(len(clips))}
    assert all(tuple(heard(batch, row).tolist()) in whole for row in ALL)


def test_a_clip_never_hears_itself_where_its_speaker_has_another(make_xtts):
    clips = make_xtts().train_clips
    clips = conditioned(clips, conditioning="same_speaker", conditioning_seconds=(0.2, 0.2))
    heard_clips: dict[int, set[int]] = {}
    for seed in range(30):
        batch = draw(clips, [0, 9], seed)
        for row, index in enumerate((0, 9)):
            (found,) = (
                other
                for other in range(len(clips))
                if place_in(heard(batch, row), clips.audio(other)) is not None
            )
            heard_clips.setdefault(index, set()).add(found)
    for index, others in heard_clips.items():
        assert index not in others
        assert len(others) > 3
        assert {clips.speakers[other] for other in others} == {clips.speakers[index]}


def test_the_only_clip_of_a_speaker_and_one_of_an_unknown_speaker_hear_themselves(make_xtts):
    clips = conditioned(make_xtts().train_clips.only(np.arange(4)), conditioning="same_speaker")
    clips = evolve(clips, speakers=("one", "", "", "two"))
    batch = clips.evaluated(range(4))
    for index in range(4):
        assert place_in(heard(batch, index), clips.audio(index)) == 0


@pytest.mark.parametrize("conditioning", ["same_clip", "same_speaker"])
def test_where_it_is_evaluated_nothing_is_drawn(make_xtts, conditioning):
    clips = conditioned(make_xtts().eval_clips, conditioning=conditioning)
    torch.manual_seed(0)
    one = clips.evaluated(ALL)
    np.random.default_rng().random()
    again = clips.evaluated(ALL)
    assert all(torch.equal(one[name], again[name]) for name in one)
    wanted = round(0.4 * RATE)
    for row in ALL:
        other = row if conditioning == "same_clip" else next(
            place for place in range(len(clips))
            if place != row and clips.speakers[place] == clips.speakers[row]
        )  # fmt: skip
        assert torch.equal(heard(one, row), clips.audio(other)[:wanted])


def test_the_same_generator_draws_the_same_and_another_does_not(make_xtts):
    clips = make_xtts().train_clips
    one, again, other = (draw(clips, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert one["voice_lengths"].tolist() != other["voice_lengths"].tolist()
    assert torch.equal(one["codes"], other["codes"])


def test_the_codes_of_a_clip_do_not_depend_on_the_others(make_xtts, spoken_project, tmp_path):
    system = make_xtts()
    for index in (0, 7):
        clips = system.train_clips
        alone = Eligible(clips.rows[[index]], [clips.tokens[index]], [])
        corpus = Corpus.open(spoken_project.corpus("speech"))
        cached = CachedFeatures(system.recipe, corpus, Features(tmp_path))
        made = encode_clips(cached, alone, system.assets)
        assert made.codes[0].tolist() == clips.codes[index].tolist()
        assert (made.ids, made.speakers) == ((clips.ids[index],), (clips.speakers[index],))
        own = system.assets.audio_codes.encode_waveform(as_waveform(clips.packed.read(
            int(clips.rows[index])
        )))  # fmt: skip
        assert made.codes_of(0).tolist() == own.tolist()


def test_the_report_says_how_many_hear_another_clip_and_how_many_themselves(make_xtts):
    own = make_xtts().train_clips.only(np.arange(4))
    assert voice_notes(own, own) == []
    others = conditioned(own, conditioning="same_speaker")
    pair = evolve(others, speakers=("one", "", "two", "two"))
    assert voice_notes(pair) == [
        "Conditioned on another clip of its speaker: 2 clips; on themselves: 2 (a speaker's only "
        "clip in its set, or of no known speaker)."
    ]
    assert [pair.conditioned_by(place) for place in range(4)] == [0, 1, 3, 2]
    assert "8 clips; on themselves: 0" in voice_notes(*[evolve(others, speakers=("a",) * 4)] * 2)[0]


def test_lengths_are_tokens_of_both_kinds_and_an_epoch_is_one_pass(make_xtts):
    clips = make_xtts().train_clips
    for index, length in enumerate(clips.lengths.tolist()):
        assert length == len(clips.tokens[index]) + len(clips.codes[index])
    order = Order(clips.lengths, 4, seed=1)
    for epoch in range(2):
        taken = np.concatenate(order.epoch(epoch))
        assert sorted(taken.tolist()) == list(range(len(clips)))


def test_a_part_of_a_set_has_every_column_of_its_clips(make_xtts):
    clips = make_xtts().train_clips
    part = clips.only(np.array([5, 2]))
    for place, index in enumerate((5, 2)):
        for name in ("ids", "rows", "speakers"):
            assert getattr(part, name)[place] == getattr(clips, name)[index]
        assert part.digests[place].tolist() == clips.digests[index].tolist()
        assert part.spans[place] == clips.spans[index]
        assert torch.equal(part.audio(place), clips.audio(index))
        assert part.tokens[place].tolist() == clips.tokens[index].tolist()
        assert part.codes[place].tolist() == clips.codes[index].tolist()
