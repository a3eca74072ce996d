from pathlib import Path

import pytest

from engine.errors import UserError
from engine.systems.rvc.conversion.voice_note import read_voice_note, voice_note
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
    assert note.unvoiced == "interpolate"


def test_a_model_from_elsewhere_says_nothing():
    for facts in ({}, {"cantus": 3}, {"cantus": {"pitch": "fcpe"}}):
        assert read_voice_note(facts, Path("x.pth")) is None


@pytest.mark.parametrize("text", ["", "[]", '{"speakers": []}', '{"speakers": 3}'])
def test_a_damaged_note_is_named(text):
    with pytest.raises(UserError, match=r"x\.pth is damaged"):
        read_voice_note({"cantus": {"voice": text}}, Path("x.pth"))
