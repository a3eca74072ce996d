import numpy as np
import soundfile

from engine.corpus import Corpus
from engine.recipe import load_params
from engine.system_support.usage import usage_of
from tests.systems.rvc.voices_project import RATE, ingested, voice, write_voices
from tests.systems.used_as_said import used_as_said


def test_ingest_says_what_training_uses(voices_project, make_voices_recipe):
    assert used_as_said(make_voices_recipe(), voices_project)[:2] == (12, 12)
    one = make_voices_recipe(dataset={"speakers": ("anna",)})
    assert used_as_said(one, voices_project)[1] == 6


def test_clips_without_a_slice_are_not_counted_as_used(make_voices_recipe, tmp_path):
    project = write_voices(tmp_path / "project", num_clips=3)
    hum = 0.01 * np.sin(2 * np.pi * 20 * np.arange(RATE) / RATE)
    soundfile.write(project.root / "data" / "voices" / "anna" / "hum.wav", hum, RATE)
    assert used_as_said(make_voices_recipe(), ingested(project))[:2] == (7, 6)


def test_clips_recorded_at_a_lower_rate_are_warned_of_or_left_out(
    recordings_of, make_voices_recipe, tmp_path
):
    project = write_voices(tmp_path / "project", num_clips=3)
    narrow = project.root / "data" / "voices" / "anna" / "phone.wav"
    soundfile.write(narrow, voice(200.0, 2.0, rate=8_000), 8_000)
    recordings = recordings_of(make_voices_recipe(), ingested(project))
    (warning,) = recordings.warnings
    assert warning.startswith("1 of the 7 clips that are used were recorded below 16,000 Hz")
    assert "the lowest at 8,000 Hz, and are upsampled" in warning
    assert warning in recordings.notes
    without = make_voices_recipe(dataset={"upsampling": "leave_out"})
    left_out = recordings_of(without, project)
    assert [(one.id, one.reason, one.detail) for one in left_out.left_out] == [
        ("anna/phone", "recorded lower", "8,000 Hz")
    ]
    assert left_out.warnings == []
    corpus = Corpus.open(project.corpus("voices"))
    params = load_params(project.params)
    assert "below 16,000 Hz" in usage_of(make_voices_recipe(), project, params, corpus).sentence()
    assert used_as_said(without, project)[:2] == (7, 6)
