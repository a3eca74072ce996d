import tracemalloc

import pytest
import soundfile

from engine.corpus.account.statistics import NUM_PACES, NUM_SPEAKERS, Tally
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.table.manifest import Clip, Quarantined


def clip(name, seconds=1.0, **facts):
    facts = {"peak": 0.5, "sample_rate_hz": 16_000, "num_channels": 1, "rms_dbfs": -20.0} | facts
    num_frames = round(seconds * facts["sample_rate_hz"])
    return Clip(id=name, path=f"{name}.wav", sha256=name, num_frames=num_frames, **facts)


def report(clips, bad=()):
    tally = Tally()
    for one in clips:
        tally.add_clip(one)
    for path, reason in bad:
        tally.add_quarantined(Quarantined(path=path, reason=reason, detail=""))
    return tally.report(
        corpus="words",
        source="data/words",
        layout="folder",
        passed_over=(PassedOver(what="hidden files", number=4),),
        packed_hz=(16_000,),
        digest="0" * 64,
    )


def bars(made, title):
    return dict(next(one for one in made.histograms if one.title == title).bars)


def test_everything_found_is_used_or_quarantined():
    made = report([clip("a"), clip("b")], [("c", "silent"), ("d", "empty"), ("e", "silent")])
    assert (made.num_found, made.num_used) == (5, 2)
    assert made.quarantined == {"empty": 1, "silent": 2}
    assert (made.passed_over[0].number, made.digest) == (4, "0" * 64)


def test_hours_names_and_rates_are_counted():
    made = report(
        [
            clip("a", 1800, speaker="x", language="hu", text="jó", listed="train"),
            clip("b", 1800, speaker="x", language="hu", label="b", listed="eval"),
            clip("c", 3600, speaker="y", sample_rate_hz=44_100, peak=1.2, num_channels=2),
        ]
    )
    assert made.hours == 2.0
    assert (made.shortest_seconds, made.longest_seconds) == (1800, 3600)
    assert (made.num_speakers, made.num_labels, made.num_with_text) == (2, 1, 1)
    assert made.languages["hu"].num_clips == 2
    assert made.languages["hu"].hours == 1.0
    assert made.listed == {"eval": 1, "train": 1}
    assert made.sample_rates_hz == {"16000": 2, "44100": 1}
    assert made.num_channels == {"1": 2, "2": 1}
    assert made.decoders == {f"libsndfile {soundfile.__libsndfile_version__}": 3}
    assert made.num_beyond_full_scale == 1


def test_rates_are_in_order_of_size():
    made = report([clip("a", sample_rate_hz=16_000), clip("b", sample_rate_hz=8_000)])
    assert list(made.sample_rates_hz) == ["8000", "16000"]


def test_the_speakers_with_the_most_audio_are_named_largest_first():
    made = report([clip(f"{n}", 1 + n, speaker=f"s{n}") for n in range(NUM_SPEAKERS + 5)])
    assert made.num_speakers == NUM_SPEAKERS + 5
    assert list(made.largest_speakers)[:2] == ["s24", "s23"]
    assert len(made.largest_speakers) == NUM_SPEAKERS


def test_lengths_levels_clipping_and_silence_are_counted_in_histograms():
    made = report(
        [
            clip("a", 0.5, peak=1.0, rms_dbfs=-3, clipped_share=0.02, silent_share=0.45),
            clip("b", 12, peak=1.1, rms_dbfs=-27.5),
        ]
    )
    assert {place: n for place, n in bars(made, "length").items() if n} == {
        "0.25 to 0.5": 1,
        "10 to 15": 1,
    }
    assert bars(made, "peak") == {"-1 to 0": 1, "> 0": 1}
    assert bars(made, "level")["-5 to 0"] == 1
    assert bars(made, "level")["-30 to -25"] == 1
    assert bars(made, "clipping")["≤ 0"] == 1
    assert bars(made, "clipping")["1 to 10"] == 1
    assert bars(made, "silence")["40 to 50"] == 1


def test_only_clips_with_a_text_have_characters_a_second():
    made = report([clip("a", 2.0, text="Jó, 12!"), clip("b")])
    assert bars(made, "text") == {"0 to 2.5": 1}
    assert [(one.id, one.characters_per_second) for one in made.fastest] == [("a", 2.0)]
    assert made.slowest == ()
    assert report([clip("b")]).fastest == ()


def test_the_fastest_and_the_slowest_texts_are_named():
    order = [(7 * n) % 100 for n in range(100)]
    made = report([clip(f"{n:02}", text="a" * (n + 1)) for n in order])
    assert [one.id for one in made.fastest] == ["99", "98", "97", "96", "95"]
    assert [one.id for one in made.slowest] == ["00", "01", "02", "03", "04"]
    assert len(made.fastest[0].text) == 80


def test_of_equally_fast_texts_the_first_by_id_are_named_whatever_their_order():
    clips = [clip(f"{n:02}", text="a") for n in range(30)]
    assert report(clips) == report(clips[::-1])
    assert [one.id for one in report(clips).fastest] == [f"{n:02}" for n in range(NUM_PACES)]


def test_memory_does_not_grow_with_the_clips():
    tally = Tally()
    tracemalloc.start()
    for number in range(20_000):
        tally.add_clip(clip(f"{number}", text="text", speaker=f"{number % 10}"))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 100_000


@pytest.mark.parametrize("bad", [[], [("a", "empty")]])
def test_a_corpus_without_clips_is_counted_too(bad):
    made = report([], bad)
    assert (made.num_used, made.hours, made.shortest_seconds) == (0, 0.0, 0.0)
    assert all(one.bars == [] for one in made.histograms)
