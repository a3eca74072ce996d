"""`cantus prepare` leaves tables and figures, and what training reads."""

import subprocess
import sys

import pytest

from engine.errors import UserError
from engine.features.cache import Features
from engine.features.prepared import features_of, write_prepared
from engine.recipe import load_params
from engine.recipe.code import preparing_code, training_code
from engine.system_support.prepare import prepare_recipe
from engine.systems.rvc.dataset_table import ContentVec, Rmvpe
from engine.systems.rvc.prepare import published_files
from tests.analysis.hubert_folders import save_hubert


@pytest.fixture
def prepared(make_voices_recipe, voices_project, tmp_path):
    recipe = make_voices_recipe(dataset={"speakers": ("anna",), "num_train_clips": 3}, batch_size=2)
    params = load_params(voices_project.params)
    return prepare_recipe(recipe, voices_project, params, Features(tmp_path))


def test_every_clip_stands_in_one_table(prepared):
    used, left_out = prepared.clips.rows, prepared.quarantined.rows
    ids = [row[0] for row in (*used, *left_out)]
    assert len(ids) == len(set(ids)) == 12
    assert {row[1] for row in used} == {"training", "evaluation"}
    reasons = [row[1] for row in left_out]
    assert reasons.count("other speaker") == 6
    assert reasons.count("not chosen") == len(reasons) - 6 > 0
    assert all(len(row) == len(prepared.clips.titles) for row in used)
    assert all(len(row) == len(prepared.quarantined.titles) and row[-1] for row in left_out)


def test_figures_tell_minutes_slices_and_the_pitch_of_each_speaker(prepared):
    figures = dict(prepared.figures)
    assert figures["minutes"].startswith("0.35 recorded, 0.")
    assert "of silence" in figures["slices"]
    assert figures["parts left out"] == "none"
    speaker = figures["speaker 0"]
    median = float(speaker.partition("median pitch ")[2].partition(" Hz")[0])
    assert speaker.startswith("anna: ")
    assert 205 < median < 235
    medians = [float(row[6]) for row in prepared.clips.rows]
    assert all(190 < median < 250 for median in medians)


def test_training_reads_what_was_prepared(
    make_voices_recipe, voices_project, recordings_of, monkeypatch
):
    recipe = make_voices_recipe()
    features = features_of(recipe, voices_project)
    params = load_params(voices_project.params)
    made = prepare_recipe(recipe, voices_project, params, features)
    place = write_prepared(made, features, recipe.name, voices_project)
    read = features_of(recipe, voices_project)
    recordings_of(recipe, features=read)
    assert {path.parent for path in read.used} == {place}


def test_published_files_are_those_that_features_depend_on(make_voices_recipe, voices_project):
    assert published_files(make_voices_recipe(), voices_project) == []
    folder = voices_project.root / "published" / "contentvec"
    save_hubert(folder)
    weights = voices_project.root / "published" / "rmvpe" / "rmvpe.pt"
    dataset = {"pitch": Rmvpe(where_missing="fcpe"), "content": ContentVec()}
    recipe = make_voices_recipe(dataset=dataset)
    files = [folder / "config.json", folder / "model.safetensors"]
    assert published_files(recipe, voices_project) == files
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    assert published_files(recipe, voices_project) == [weights, *files]
    weights.unlink()
    with pytest.raises(
        UserError, match=r"dataset\.pitch\.weights .* cantus fetch rmvpe|fetch rmvpe"
    ):
        published_files(make_voices_recipe(dataset={"pitch": Rmvpe()}), voices_project)


def test_what_listens_counts_and_what_shows_does_not(make_voices_recipe):
    code = preparing_code(make_voices_recipe())
    assert "engine.analysis.pitch.swift_f0" in code
    assert "engine.systems.rvc.data.slices" in code
    assert "engine.systems.rvc.data.clip_tables" not in code
    assert "engine.systems.rvc.data.clip_tables" not in training_code(make_voices_recipe())


def test_resolving_imports_no_torch():
    program = "import sys, engine.systems.rvc.prepare; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
