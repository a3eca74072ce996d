import numpy as np
import pytest
from attrs import evolve, frozen

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.systems.codec.data.dataset import CodecClips
from engine.systems.codec.data.eligible import Eligible, eligible_rows, notes, require_channels
from engine.systems.codec.recipe import Dataset

DATASET = Dataset(corpus="words", sample_rate_hz=24_000, segment_seconds=0.5)


def clip(name, rate):
    return Clip(
        id=name,
        path=f"{name}.wav",
        sha256="0" * 64,
        num_frames=rate,
        sample_rate_hz=rate,
        num_channels=1,
        peak=0.5,
        rms_dbfs=-20.0,
    )


MIXED = [clip("a", 44_100), clip("b", 16_000), clip("c", 24_000), clip("d\n", 8_000)]


def test_clips_recorded_at_a_lower_rate_are_refused_with_the_ways_out():
    with pytest.raises(UserError) as caught:
        eligible_rows(MIXED, DATASET)
    said = str(caught.value)
    assert said.startswith("2 of the 4 clips of corpus 'words' were recorded below the recipe's")
    assert "24,000 Hz, the lowest at 8,000 Hz (first: b (16,000 Hz), d\\n (8,000 Hz))" in said
    for way_out in ("'leave_out'", "'allow'", "lower sample_rate_hz"):
        assert way_out in said


@pytest.mark.parametrize(("choice", "rows"), [("leave_out", [0, 2]), ("allow", [0, 1, 2, 3])])
def test_they_are_left_out_or_used_and_counted(choice, rows):
    found = eligible_rows(MIXED, evolve(DATASET, upsampling=choice))
    assert found.rows.tolist() == rows
    assert found.num_lower == 2


@pytest.mark.parametrize("choice", ["refuse", "leave_out", "allow"])
def test_clips_of_the_rate_or_higher_need_no_choice(choice):
    found = eligible_rows([MIXED[0], MIXED[2]], evolve(DATASET, upsampling=choice))
    assert (found.rows.tolist(), found.num_lower) == ([0, 1], 0)


def test_nothing_left_is_an_error():
    with pytest.raises(UserError, match=r"All 2 clips .* at most 16,000 Hz"):
        eligible_rows([MIXED[1], MIXED[3]], evolve(DATASET, upsampling="leave_out"))


@frozen
class Ingested:
    """What is asked of a corpus."""

    settings: dict[str, str]


@pytest.mark.parametrize("settings", [{}, {"channels": "mix"}])
def test_a_corpus_ingested_otherwise_names_the_key_to_change(settings):
    require_channels(Ingested(settings), DATASET)
    with pytest.raises(UserError) as caught:
        require_channels(Ingested(settings), evolve(DATASET, channels="split"))
    assert "Set corpora.words.channels = 'split' in params.toml" in str(caught.value)
    assert "cantus ingest words" in str(caught.value)


@frozen
class Packed:
    """Only lengths."""

    lengths: np.ndarray


def training(lengths, dataset=DATASET):
    number = len(lengths)
    return CodecClips(
        ids=tuple("abc"[:number]),
        rows=np.arange(number),
        digests=np.zeros((number, 32), np.uint8),
        spans=np.zeros(number),
        packed=Packed(np.array(lengths)),
        dataset=dataset,
        gains=np.full(number, np.nan),
    )


def test_what_was_padded_and_left_out_is_said():
    left_out = evolve(DATASET, upsampling="leave_out")
    assert notes(training([1, 12_000, 11_999], left_out), Eligible(np.arange(3), 12)) == [
        "2 of 3 training clips are shorter than 0.5 s and are padded with silence.",
        "12 clips were recorded below 24,000 Hz and are left out.",
    ]
    assert notes(training([12_000]), Eligible(np.arange(1), 0)) == []


def test_clips_that_are_silent_as_a_whole_are_left_out_and_counted():
    quiet = evolve(clip("quiet", 44_100), rms_dbfs=-61.5)
    found = eligible_rows([MIXED[0], quiet, MIXED[2]], DATASET)
    assert (found.rows.tolist(), found.num_silent) == ([0, 2], 1)
    assert notes(training([12_000]), found) == [
        "Clips silent as a whole (below -60 dBFS, RMS) and therefore left out: 1."
    ]
