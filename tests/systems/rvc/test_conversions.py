from attrs import evolve

from engine.corpus.table.manifest import Clip
from engine.systems.rvc.conversions import choose_conversions

CLIP = Clip(
    id="", path="", sha256="", num_frames=1, sample_rate_hz=1, num_channels=1, peak=0, rms_dbfs=0
)
CLIPS = [
    evolve(CLIP, id=f"{speaker}{n}", speaker=speaker, text=f"Sentence {n}!")
    for speaker in ("anna", "bert", "cleo")
    for n in range(3)
]
ANNA, BERT, CLEO = [0, 1, 2], [3, 4, 5], [6, 7, 8]


def speakers(found):
    return [CLIPS[one.source].speaker for one in found]


def test_clips_of_as_many_unlearned_speakers_as_possible_take_the_learned_voice():
    found = choose_conversions(CLIPS, [*BERT, *CLEO], ANNA, [0], ["anna"], 4)
    assert sorted(speakers(found)) == ["bert", "bert", "cleo", "cleo"]
    assert {one.target for one in found} == {0}


def test_sentences_that_are_learned_are_converted_last():
    found = choose_conversions(CLIPS, [*BERT, *CLEO], ANNA, [1], ["anna"], 2)
    assert [CLIPS[one.source].id for one in found] == ["bert1", "cleo1"]


def test_several_learned_voices_are_taken_in_turn():
    found = choose_conversions(CLIPS, CLEO, [*ANNA, *BERT], [0, 3], ["anna", "bert"], 3)
    assert [one.target for one in found] == [0, 1, 0]


def test_where_all_are_learned_held_out_clips_take_the_next_voice():
    names = ["anna", "bert", "cleo"]
    found = choose_conversions(CLIPS, [], [*ANNA, *BERT, *CLEO], [1, 4, 8], names, 9)
    assert [(CLIPS[one.source].speaker, names[one.target]) for one in found] == [
        ("anna", "bert"), ("bert", "cleo"), ("cleo", "anna")
    ]  # fmt: skip
    assert {one.source for one in found} == {1, 4, 8}


def test_a_corpus_of_one_voice_has_nothing_to_convert():
    assert choose_conversions(CLIPS, [], ANNA, [0], ["anna"], 4) == []
    assert choose_conversions(CLIPS, BERT, ANNA, [0], ["anna"], 0) == []


def test_the_voices_own_recording_of_the_same_words_is_found_by_its_text():
    (found,) = choose_conversions(CLIPS, [5], ANNA, [0], ["anna"], 1)
    assert CLIPS[found.parallel].id == "anna2"
    silent = [evolve(clip, text=None) for clip in CLIPS]
    (found,) = choose_conversions(silent, [5], ANNA, [0], ["anna"], 1)
    assert found.parallel is None
