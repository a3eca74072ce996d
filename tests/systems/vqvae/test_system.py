import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.project import Project
from engine.systems.vqvae.system import build


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
    assert system.data.found == system.data.used == 24
    assert system.data.training == len(system.train_clips.ids)
    assert system.data.evaluation == len(system.eval_clips.ids)
    assert system.data.leaks is None
    assert "lists" in system.data.split


def test_a_random_split_is_flagged_as_leaking(make_system):
    assert "in training too" in make_system(split="random").data.leaks


def test_the_evaluation_set_is_known_by_its_clips_and_how_they_are_cut(make_system):
    same, again = make_system("puzzle"), make_system("aligned")
    assert same.evaluation_set == again.evaluation_set
    assert same.data_digest == same.corpus.digest
    assert make_system(window="loudest").evaluation_set != same.evaluation_set
    assert make_system(num_eval_clips=2).evaluation_set != same.evaluation_set


def test_clips_of_the_evaluation_are_never_trained_on(make_system):
    system = make_system()
    assert not set(system.train_clips.ids) & set(system.eval_clips.ids)


def test_the_limits_name_what_preflight_looks_at(make_system):
    limits = make_system().limits
    assert limits.conditioning == ("mel_db",)
    assert limits.overfits == ("reconstruction",)


def test_weights_start_from_torchs_generator(project, params, make_recipe):
    recipe = evolve(make_recipe("aligned"))
    torch.manual_seed(1)
    first = build(recipe, project, params)
    torch.manual_seed(2)
    second = build(recipe, project, params)
    pairs = zip(first.objective.parameters(), second.objective.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)
