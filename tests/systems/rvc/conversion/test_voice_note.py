from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from engine.errors import UserError
from engine.systems.rvc.conversion.voice_note import read_voice_note, voice_note
from engine.systems.rvc.dataset_table import Crepe, NoPitch, Rmvpe
from engine.systems.rvc.notes import PitchNote
from engine.systems.rvc.recipe import Conversion
from engine.systems.rvc.references import reference_voices
from tests.systems.rvc.conftest import VOICES


def test_a_model_says_who_speaks_in_it_at_which_pitch(make_rvc):
    system = make_rvc(dataset={"speakers": (), "unvoiced": "interpolate"})
    others = voice_note(system.recordings, system.recipe)
    note = read_voice_note({"cantus": others}, Path("x.pth"))
    assert [(one.name, one.row) for one in note.speakers] == [
        ("high", 0),
        ("low", 1),
        ("middle", 2),
    ]
    for one in note.speakers:
        assert one.median_hz == pytest.approx(VOICES[one.name][0], rel=0.1)
    assert note.content == system.recordings.methods.content.digest
    assert note.pitch == PitchNote(kind="swift_f0", digest=system.recordings.methods.pitch.digest)
    assert note.unvoiced == "interpolate"


@pytest.mark.parametrize(
    ("pitch", "kind"),
    [(Rmvpe(where_missing="fcpe"), "fcpe"), (Crepe(size="tiny"), "crepe_tiny"), (NoPitch(), None)],
)
def test_a_model_names_the_pitch_method_that_was_used(make_rvc, pitch, kind):
    """Not the one that the recipe would rather have had."""
    system = make_rvc(dataset={"pitch": pitch}, conversion=Conversion(num_clips=0))
    note = read_voice_note({"cantus": voice_note(system.recordings, system.recipe)}, Path("x.pth"))
    assert (note.pitch and note.pitch.kind) == kind


def test_a_voice_without_a_training_clip_has_no_median(make_rvc):
    """As with a frozen evaluation set that holds all clips of a speaker."""
    system = make_rvc(dataset={"speakers": ()})
    recordings, data = system.recordings, system.recordings.data
    speakers = np.array([recordings.clips.slices_of(place)[0] for place in data.split.train])
    kept = data.split.train[recordings.clips.slices.speakers[speakers] != 0]
    without = evolve(recordings, data=evolve(data, split=evolve(data.split, train=kept)))
    note = read_voice_note({"cantus": voice_note(without, system.recipe)}, Path("x.pth"))
    assert [one.median_hz is None for one in note.speakers] == [True, False, False]
    learned = without.clips.only(kept).slices
    assert reference_voices(learned, 3, evolve(system._judge, similarity=Hears()))[0] is None


class Hears:
    """Stands in for a speaker encoder."""

    def embed(self, audio, sample_rate_hz):
        return float(np.abs(audio).max())


def test_a_model_from_elsewhere_says_nothing():
    for facts in ({}, {"cantus": 3}, {"cantus": {"pitch": "fcpe"}}):
        assert read_voice_note(facts, Path("x.pth")) is None


@pytest.mark.parametrize("text", ["", "[]", '{"speakers": []}', '{"speakers": 3}'])
def test_a_damaged_note_is_named(text):
    with pytest.raises(UserError, match=r"x\.pth is damaged"):
        read_voice_note({"cantus": {"voice": text}}, Path("x.pth"))
