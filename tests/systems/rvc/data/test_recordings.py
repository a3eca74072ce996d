"""Clips are held out before they are cut; whoever cannot be used is counted with its reason."""

import shutil

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.analysis.content.logmel import LogMel as LogMelEncoder
from engine.errors import UserError
from engine.evaluation.audio import rows_sharing_audio
from engine.features.cache import Features
from engine.project import Project
from engine.recipe.training import Start
from engine.systems.rvc.dataset_table import ContentVec, Fcpe, NoPitch, Rmvpe
from tests.analysis.hubert_folders import save_hubert
from tests.systems.rvc.voices_project import RATE, ingested, voice, write_voices


@pytest.fixture
def project(tmp_path):
    """A project that a test may add clips to before it is ingested."""
    return write_voices(tmp_path / "project", num_clips=3)


def add(project, name, samples, rate=RATE, **more):
    path = project.root / "data" / "voices" / f"{name}.wav"
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, samples, rate, **more)


def hiss(seed=0):
    """Noise without low frequencies."""
    return 0.05 * np.diff(np.random.default_rng(seed).normal(0, 1, RATE), n=3)


def reasons(recordings):
    return {one.id: one.reason for one in recordings.left_out}


def test_no_slice_of_a_held_out_clip_is_learned_from(recordings_of, make_voices_recipe):
    recordings = recordings_of(make_voices_recipe())
    training, evaluation = recordings.training, recordings.evaluation
    assert len(recordings.data.split.train) == 9
    assert len(evaluation) == 3
    assert rows_sharing_audio(training, evaluation) == []
    assert rows_sharing_audio(evaluation.slices, evaluation) == [*range(len(evaluation.slices))]
    spoken = training.rows >= 0
    assert not set(training.rows[spoken].tolist()) & set(evaluation.rows.tolist())


def test_a_slice_has_its_clips_digest_and_its_own_place(recordings_of, make_voices_recipe):
    clips = recordings_of(make_voices_recipe()).clips
    for place in range(len(clips)):
        for at in clips.slices_of(place):
            assert np.array_equal(clips.slices.digests[at], clips.digests[place])
            own, whole = clips.slices.spans[at], clips.spans[place]
            assert own["file"] == whole["file"]
            assert whole["start"] <= own["start"] < own["stop"] <= whole["stop"]
    assert len(np.unique(clips.slices.spans)) == len(clips.slices)


def test_speakers_are_numbered_by_their_names(recordings_of, make_voices_recipe):
    recordings = recordings_of(make_voices_recipe())
    assert recordings.speaker_names == ("anna", "bela")
    slices = recordings.clips.slices
    assert all(
        id_.startswith(recordings.speaker_names[number])
        for id_, number in zip(slices.ids, slices.speakers, strict=True)
    )


def test_some_speakers_may_be_chosen(recordings_of, make_voices_recipe):
    recordings = recordings_of(make_voices_recipe(dataset={"speakers": ("bela",)}))
    assert recordings.speaker_names == ("bela",)
    assert set(recordings.training.speakers) == {0}
    assert set(reasons(recordings).values()) == {"other speaker"}
    assert "Left out, other speaker: 6" in " ".join(recordings.notes)


def test_a_speaker_who_is_not_there_is_named_with_those_who_are(recordings_of, make_voices_recipe):
    with pytest.raises(UserError, match=r"'anne'; did you mean 'anna'\? \(there are: anna, bela"):
        recordings_of(make_voices_recipe(dataset={"speakers": ("anne",)}))


def test_more_speakers_than_rows_are_refused(recordings_of, make_voices_recipe):
    recipe = make_voices_recipe()
    recipe = evolve(recipe, model=evolve(recipe.model, speaker_rows=1))
    with pytest.raises(UserError, match=r"2 speakers, more than the 1 rows of model.speaker"):
        recordings_of(recipe)


def test_clips_of_no_speaker_are_one_voice_where_none_is_named(
    recordings_of, make_voices_recipe, project
):
    params = project.params.read_text().replace('speakers = "folder"\n', "")
    project.params.write_text(params)
    recordings = recordings_of(make_voices_recipe(), ingested(project))
    assert recordings.speaker_names == ("",)
    assert len(recordings.clips) == 6


def test_a_clip_without_a_speaker_beside_others_is_left_out(
    recordings_of, make_voices_recipe, project
):
    add(project, "nobody", voice(150, 2.0))
    recordings = recordings_of(make_voices_recipe(), ingested(project))
    assert reasons(recordings) == {"nobody": "speaker unknown"}


def test_a_speaker_with_one_clip_is_learned_from_and_said(
    recordings_of, make_voices_recipe, project
):
    """Whatever the split would do with it."""
    add(project, "carl/only", voice(180, 2.0, 9))
    ingested(project)
    said = []
    for share in (0.2, 0.4, 0.6, 0.8):
        recordings = recordings_of(make_voices_recipe(dataset={"eval_share": share}), project)
        number = recordings.speaker_names.index("carl")
        assert number in recordings.training.speakers
        assert number not in recordings.evaluation.slices.speakers
        said += [note for note in recordings.notes if "carl" in note]
    assert said
    assert all(
        "only clip was drawn to be held out. These clips are trained on" in one for one in said
    )


def test_published_weights_change_nothing_of_it(recordings_of, make_voices_recipe, project):
    """They have no evaluation clips, so that no set is inherited from them."""
    add(project, "carl/only", voice(180, 2.0, 9))
    ingested(project)
    started = evolve(
        make_voices_recipe(dataset={"eval_share": 0.8}), start=Start(weights="f0G.pth")
    )
    recordings = recordings_of(started, project)
    assert any("only clip was drawn to be held out" in note for note in recordings.notes)
    assert recordings.speaker_names.index("carl") in recordings.training.speakers


def test_what_cannot_be_used_is_left_out_with_its_reason(
    recordings_of, make_voices_recipe, project
):
    add(project, "anna/hum", 0.01 * np.sin(2 * np.pi * 20 * np.arange(RATE) / RATE))
    add(project, "anna/hiss", hiss())
    recordings = recordings_of(make_voices_recipe(), ingested(project))
    assert reasons(recordings) == {"anna/hum": "silent", "anna/hiss": "no voiced frame"}
    without = recordings_of(make_voices_recipe(dataset={"pitch": NoPitch()}), project)
    assert reasons(without) == {"anna/hum": "silent"}


def test_a_corpus_in_which_nobody_speaks_is_refused(recordings_of, make_voices_recipe, project):
    shutil.rmtree(project.root / "data" / "voices")
    for number in range(4):
        (project.root / "data" / "voices").mkdir(exist_ok=True)
        add(project, f"anna/{number}", hiss(number))
    with pytest.raises(UserError, match=r"None of the 4 clips.*no voiced frame: 4"):
        recordings_of(make_voices_recipe(), ingested(project))


def test_one_recording_alone_says_how_it_is_cut(recordings_of, make_voices_recipe, project):
    """A voice is often recorded in one go."""
    shutil.rmtree(project.root / "data" / "voices")
    (project.root / "data" / "voices").mkdir()
    add(project, "anna/session", voice(200, 20.0))
    match = r"only one usable clip.*corpora\.voices\.segment = 'silence'.*cantus ingest voices"
    with pytest.raises(UserError, match=match):
        recordings_of(make_voices_recipe(), ingested(project))


def test_fewer_slices_than_a_batch_are_refused(recordings_of, make_voices_recipe):
    with pytest.raises(UserError, match=r"training slices, fewer than a batch of 200"):
        recordings_of(make_voices_recipe(batch_size=200))


def test_a_rate_that_is_not_packed_is_named(recordings_of, make_voices_recipe):
    with pytest.raises(UserError, match=r"packed at 16,000 Hz, not at 8,000"):
        recordings_of(make_voices_recipe(dataset={"sample_rate_hz": 8000}))


def test_missing_rmvpe_is_refused_or_fcpe_stands_in_and_that_is_said(
    recordings_of, make_voices_recipe
):
    with pytest.raises(UserError, match="cantus fetch rmvpe"):
        recordings_of(make_voices_recipe(dataset={"pitch": Rmvpe()}))
    fallen = recordings_of(make_voices_recipe(dataset={"pitch": Rmvpe(where_missing="fcpe")}))
    assert any("Pitch is measured by fcpe: published/rmvpe" in note for note in fallen.notes)
    plain = recordings_of(make_voices_recipe(dataset={"pitch": Fcpe()}))
    assert fallen.methods.digest == plain.methods.digest
    assert fallen.methods.digest != recordings_of(make_voices_recipe()).methods.digest


def test_contentvec_of_a_folder_is_used_and_a_missing_one_is_named(
    recordings_of, make_voices_recipe, project
):
    ingested(project)
    recipe = make_voices_recipe(dataset={"content": ContentVec(folder="published/contentvec")})
    with pytest.raises(UserError, match="cantus fetch contentvec"):
        recordings_of(recipe, project)
    save_hubert(project.root / "published" / "contentvec", hidden_size=768)
    slices = recordings_of(recipe, project).training
    heard = slices.slices["samples_16k"][slices.rows >= 0]
    counts = [len(features) for features in slices.content][: len(heard)]
    assert counts == [(samples - 400) // 320 + 1 for samples in heard.tolist()]
    assert (slices.lengths >= 42).all()


def test_features_of_another_rate_are_refused_with_the_clip(
    recordings_of, make_voices_recipe, monkeypatch
):
    monkeypatch.setattr(LogMelEncoder, "num_frames", lambda self, samples: samples // 160)
    with pytest.raises(UserError, match=r"A slice of clip 'anna/0.' has \d+ frames of spectrogram"):
        recordings_of(make_voices_recipe())


def test_features_that_are_no_numbers_are_refused_with_the_clip(
    recordings_of, make_voices_recipe, monkeypatch
):
    def broken(self, samples):
        return np.full((self.num_frames(len(samples)), self.dim), np.nan, np.float32)

    monkeypatch.setattr(LogMelEncoder, "__call__", broken)
    with pytest.raises(UserError, match=r"Content features of clip '\w+/\d\d' are not finite"):
        recordings_of(make_voices_recipe())


def test_a_set_of_which_no_voice_is_learned_is_refused(
    recordings_of, make_voices_recipe, project, tmp_path
):
    shutil.rmtree(project.root / "data" / "voices")
    (project.root / "data" / "voices").mkdir()
    for name in ("anna", "bela", "carl"):
        add(project, f"{name}/only", voice(200, 5.0, len(name) + ord(name[0])))
    made = ingested(Project(project.root))
    with pytest.raises(UserError, match=r"No clip is left to be evaluated.*segment = \'silence\'"):
        recordings_of(make_voices_recipe(), made, Features(tmp_path / "other"))
