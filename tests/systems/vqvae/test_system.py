import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.clip_table import write_clip_table
from engine.evaluation.digests import keys
from engine.project import Project
from engine.recipe.training import Start
from engine.systems.vqvae.system import build
from engine.training.record import Record


def test_a_missing_corpus_is_an_error_that_says_what_to_do(tmp_path, params, make_recipe):
    with pytest.raises(UserError, match="cantus ingest words"):
        build(make_recipe(), Project(tmp_path), params)


def test_fewer_clips_than_a_batch_is_an_error_with_both_numbers(project, params, make_recipe):
    with pytest.raises(UserError, match=r"training clips, fewer than a batch of 64"):
        build(make_recipe(batch_size=64), project, params)


def test_a_rate_that_is_not_packed_is_an_error_that_names_the_setting(project, params, make_recipe):
    recipe = make_recipe(sample_rate_hz=16_200)
    with pytest.raises(UserError, match="sample_rates_hz"):
        build(recipe, project, params)


def test_errors_leave_nothing_behind(tmp_path, params, make_recipe):
    with pytest.raises(UserError):
        build(make_recipe(), Project(tmp_path), params)
    assert list(tmp_path.iterdir()) == []


def test_the_report_is_told_how_many_clips_are_used_and_how_they_are_split(make_system):
    system = make_system("puzzle")
    assert system.dataset_summary.found == system.dataset_summary.used == 24
    assert system.dataset_summary.training == len(system.train_clips.ids)
    assert system.dataset_summary.evaluation == len(system.eval_clips.ids)
    assert system.dataset_summary.leaks is None
    assert "lists" in system.dataset_summary.split


def test_a_random_split_is_flagged_as_leaking(make_system):
    assert "in training too" in make_system(split="random").dataset_summary.leaks


def test_the_evaluation_set_is_known_by_its_clips_and_how_they_are_cut(make_system):
    same, again = make_system("puzzle"), make_system("aligned")
    assert same.evaluation_set == again.evaluation_set
    assert same.data_digest == same.corpus.digest_at(16_000)
    assert make_system(window="loudest").evaluation_set != same.evaluation_set
    assert make_system(num_eval_clips=2).evaluation_set != same.evaluation_set


def test_clips_of_the_evaluation_are_never_trained_on(make_system):
    system = make_system()
    assert not set(system.train_clips.ids) & set(system.eval_clips.ids)
    assert not set(keys(system.train_clips.digests)) & set(keys(system.eval_clips.digests))


def test_every_clip_is_known_by_the_audio_that_the_manifest_says(make_system):
    system = make_system()
    said = {clip.id: clip.sha256 for clip in system.corpus.manifest.clips}
    for clips in (system.train_clips, system.eval_clips):
        digests = [key.hex() for key in keys(clips.digests)]
        assert digests == [said[id_] for id_ in clips.ids]


def test_a_phase_is_evaluated_on_the_clips_of_its_parent(project, make_system, make_recipe, params):
    parent = make_system(num_eval_clips=3)
    table = Record.of(parent.recipe, 1).table(parent.eval_clips)
    write_clip_table(project.evaluation_clips("parent"), table)
    recipe = evolve(make_recipe(window="first"), name="child", start=Start(from_="parent"))
    child = build(recipe, project, params)
    assert child.eval_clips.ids == parent.eval_clips.ids
    assert child.evaluation_set == parent.evaluation_set
    assert not set(child.train_clips.ids) & set(parent.eval_clips.ids)
    assert child.dataset_summary.split == "the 3 evaluation clips of parent, inherited"


def test_the_limits_name_what_preflight_looks_at(make_system):
    preflight = make_system().preflight
    assert preflight.conditioning == ("mel_db",)
    assert preflight.overfits == ("reconstruction",)


def test_weights_start_from_torchs_generator(project, params, make_recipe):
    recipe = evolve(make_recipe("aligned"))
    torch.manual_seed(1)
    first = build(recipe, project, params)
    torch.manual_seed(2)
    second = build(recipe, project, params)
    pairs = zip(first.module.parameters(), second.module.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)
