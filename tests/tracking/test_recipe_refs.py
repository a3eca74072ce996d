import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.project import Project
from engine.tracking.recipe_refs import refresh_recipe_refs


def git(root: Path, *arguments: str) -> str:
    elsewhere = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, env=elsewhere, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def put_results(
    project: Project, recipe: str, rmse_db: float, learning_rate: float, clips: str = "1a2b3c4d5e"
) -> None:
    metrics = {"eval": {"rmse_db": rmse_db}, "evaluation_set": clips, "step": 20}
    files = {
        project.metrics(recipe): json.dumps(metrics),
        project.plots(recipe) / "train.csv": f"step,loss\n10,{rmse_db}\n20,{rmse_db / 2}\n",
        project.model(recipe) / "recipe.toml": f"[optimizer]\nlearning_rate = {learning_rate}\n",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    """A git checkout without a user's name, with the results of two recipes."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    (tmp_path / "params.toml").write_text("seed = 1\n")
    (tmp_path / ".gitignore").write_text("/metrics\n/models\n/plots\n/params.toml\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".gitignore")
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(tmp_path, *author, "commit", "-q", "-m", "start")
    project = Project(tmp_path)
    put_results(project, "audio_vae", 7.5, 1e-3)
    put_results(project, "audio_vae_plus", 5.5, 3e-3)
    return project


def test_every_recipe_with_metrics_gets_a_ref_without_a_user_name(project):
    assert refresh_recipe_refs(project) == ["audio_vae", "audio_vae_plus"]
    tree = git(project.root, "ls-tree", "-r", "--name-only", "audio_vae").splitlines()
    results = ["dvc.yaml", "metrics.json", "params.toml", "plots/train.csv", "recipe.toml"]
    assert tree == [*results, "results.sha256"]
    assert "7.5" in git(project.root, "show", "audio_vae:metrics.json")
    assert "0.003" in git(project.root, "show", "audio_vae_plus:recipe.toml")


def test_the_same_results_make_the_same_ref_and_no_new_commit(project):
    refresh_recipe_refs(project)
    before = git(project.root, "rev-parse", "audio_vae")
    assert refresh_recipe_refs(project) == []
    put_results(project, "audio_vae", 7.4, 1e-3)
    assert refresh_recipe_refs(project) == ["audio_vae"]
    put_results(project, "audio_vae", 7.5, 1e-3)
    assert refresh_recipe_refs(project) == ["audio_vae"]
    assert git(project.root, "rev-parse", "audio_vae") == before


def test_a_ref_holds_the_params_its_model_was_trained_with(project):
    (project.model("audio_vae") / "params.toml").write_text("seed = 2\n")
    (project.model("audio_vae_plus") / "params.toml").write_text("seed = 1\n")
    project.params.write_text("seed = 3\n")
    refresh_recipe_refs(project)
    assert git(project.root, "show", "audio_vae:params.toml") == "seed = 2"
    assert git(project.root, "show", "audio_vae_plus:params.toml") == "seed = 1"


def test_branches_index_tags_and_status_stay_as_they_were(project):
    looks = (("branch", "-a"), ("tag",), ("status", "--porcelain"), ("ls-files", "-s"), ("log",))
    before = [git(project.root, *look) for look in looks]
    refresh_recipe_refs(project)
    assert [git(project.root, *look) for look in looks] == before


def test_an_experiment_keeps_an_existing_ref_but_makes_a_missing_one(project, monkeypatch):
    project.metrics("audio_vae_plus").unlink()
    refresh_recipe_refs(project)
    monkeypatch.setenv("DVC_EXP_NAME", "spare-toys")
    put_results(project, "audio_vae", 1.0, 1.0)
    put_results(project, "audio_vae_plus", 5.5, 3e-3)
    assert refresh_recipe_refs(project) == ["audio_vae.spare-toys", "audio_vae_plus"]
    assert "7.5" in git(project.root, "show", "audio_vae:metrics.json")
    assert "1.0" in git(project.root, "show", "audio_vae.spare-toys:metrics.json")
    assert refresh_recipe_refs(project) == []


def test_an_experiment_in_a_checkout_of_its_own_writes_into_the_users(project, monkeypatch):
    refresh_recipe_refs(project)
    apart = project.root / ".dvc/tmp/exps/standalone/tmp1"
    apart.mkdir(parents=True)
    git(apart, "init", "-q")
    monkeypatch.setenv("DVC_EXP_NAME", "spare-toys")
    put_results(Project(apart), "audio_vae", 1.0, 1.0)
    assert refresh_recipe_refs(Project(apart)) == ["audio_vae.spare-toys"]
    assert "1.0" in git(project.root, "show", "audio_vae.spare-toys:metrics.json")
    assert git(apart, "for-each-ref") == ""


def test_what_is_missing_is_left_out(project):
    (project.plots("audio_vae") / "train.csv").unlink()
    (project.model("audio_vae") / "recipe.toml").unlink()
    refresh_recipe_refs(project)
    tree = git(project.root, "ls-tree", "-r", "--name-only", "audio_vae").splitlines()
    assert tree == ["dvc.yaml", "metrics.json", "params.toml", "results.sha256"]
    assert "train.csv" not in git(project.root, "show", "audio_vae:dvc.yaml")


def test_without_a_git_checkout_nothing_is_done(tmp_path):
    project = Project(tmp_path)
    put_results(project, "audio_vae", 7.5, 1e-3)
    assert refresh_recipe_refs(project) == []


def test_a_hook_of_git_does_not_lead_the_refs_astray(project, monkeypatch, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    refresh_recipe_refs(project)
    assert git(other, "for-each-ref") == ""
    assert "refs/audio_vae" in git(project.root, "for-each-ref")


def test_a_recipe_named_like_a_place_of_gits_is_refused(project):
    put_results(project, "stash", 1.0, 1.0)
    with pytest.raises(UserError, match="cannot be called 'stash'"):
        refresh_recipe_refs(project)


def dvc_in(project: Project, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.slow
def test_dvc_compares_the_metrics_parameters_and_plots_of_two_recipes(project):
    dvc_in(project, "init", "-q")
    refresh_recipe_refs(project)
    metrics = json.loads(
        dvc_in(project, "metrics", "diff", "audio_vae", "audio_vae_plus", "--json")
    )
    rmse = metrics["metrics.json"]["evaluation set 1a2b3c4d.eval.rmse_db"]
    assert (rmse["old"], rmse["new"], rmse["diff"]) == (7.5, 5.5, -2.0)
    params = json.loads(dvc_in(project, "params", "diff", "audio_vae", "audio_vae_plus", "--json"))
    assert params == {
        "recipe.toml": {"optimizer.learning_rate": {"old": 0.001, "new": 0.003, "diff": 0.002}}
    }
    plots = dvc_in(project, "plots", "diff", "audio_vae", "audio_vae_plus", "--json")
    points = json.dumps(json.loads(plots))
    assert "5.5" in points
    assert "7.5" in points


@pytest.mark.slow
def test_dvc_shows_no_difference_between_figures_of_other_clips(project):
    put_results(project, "audio_vae_plus", 5.5, 3e-3, clips="9f8e7d6c5b")
    dvc_in(project, "init", "-q")
    refresh_recipe_refs(project)
    table = dvc_in(project, "metrics", "diff", "--all", "audio_vae", "audio_vae_plus")
    rows = [line.split("  ") for line in table.splitlines()]
    cells = {tuple(cell.strip() for cell in row if cell.strip())[1:] for row in rows}
    assert ("evaluation set 1a2b3c4d.eval.rmse_db", "7.5", "-", "-") in cells
    assert ("evaluation set 9f8e7d6c.eval.rmse_db", "-", "5.5", "-") in cells
    assert not any("evaluation_set" in line for line in table.splitlines())


def test_metrics_that_name_no_evaluation_set_stay_as_they_are(project):
    project.metrics("audio_vae").write_text('{"eval": {"rmse_db": 7.5}}')
    project.metrics("audio_vae_plus").write_text("{")
    refresh_recipe_refs(project)
    assert git(project.root, "show", "audio_vae:metrics.json") == '{"eval": {"rmse_db": 7.5}}'
    assert git(project.root, "show", "audio_vae_plus:metrics.json") == "{"


def test_figures_in_units_of_the_recipes_own_stand_below_their_unit(project):
    metrics = {
        "eval": {"loss": 1.0, "rmse_db": 7.5},
        "baseline": {"grid": {"loss": 2.0}},
        "scale": {"loss": "c0ffee"},
        "evaluation_set": "1a2b3c4d5e",
        "step": 20,
    }
    project.metrics("audio_vae").write_text(json.dumps(metrics))
    refresh_recipe_refs(project)
    assert json.loads(git(project.root, "show", "audio_vae:metrics.json")) == {
        "evaluation set 1a2b3c4d": {"eval.rmse_db": 7.5},
        "evaluation set 1a2b3c4d, unit c0ffee": {"baseline.grid.loss": 2.0, "eval.loss": 1.0},
        "step": 20,
    }
