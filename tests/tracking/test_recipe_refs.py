import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.project import Project
from engine.tracking.recipe_refs import refresh_recipe_refs
from engine.tracking.shown_metrics import Measured, write_shown


def git(root: Path, *arguments: str) -> str:
    elsewhere = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, env=elsewhere, capture_output=True, text=True, check=True)
    return done.stdout.strip()


RECIPE = """\
system = "vqvae"
summary = "words of one second"
dataset.corpus = "words"
optimizer.learning_rate = {rate}
speech.sentences = ["Nothing to say."]
expect."eval/rmse_db" = {{ steps = [20], low = [4.0], high = [6.0], because = "measured once" }}
"""


def put_results(
    project: Project, recipe: str, rmse_db: float, learning_rate: float, clips: str = "1a2b3c4d5e"
) -> None:
    unit = {"rmse_db": Unit(definition="vqvae/rmse_db 1")}
    write_shown(project.metrics(recipe), Measured({"rmse_db": rmse_db}, 20, clips, unit))
    files = {
        project.plots(recipe) / "train.csv": f"step,loss\n10,{rmse_db}\n20,{rmse_db / 2}\n",
        project.plots(recipe) / "eval.csv": f"step,rmse_db,x\n10,,1\n20,{rmse_db},1\n",
        project.model(recipe) / "recipe.toml": RECIPE.format(rate=learning_rate),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def shown(project: Project, ref: str) -> dict[str, float]:
    """The figures that DVC reads in a ref."""
    return json.loads(git(project.root, "show", f"{ref}:vqvae/words.json"))


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
    plots = ["plots/eval.csv", "plots/eval/rmse_db.csv", "plots/train.csv"]
    results = ["dvc.yaml", "metrics.json", "params.toml", *plots, "recipe.toml"]
    assert tree == [*results, "results.sha256", "vqvae/words.json"]
    assert shown(project, "audio_vae") == {"rmse_db": 7.5, "step": 20}
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
    assert shown(project, "audio_vae")["rmse_db"] == 7.5
    assert shown(project, "audio_vae.spare-toys")["rmse_db"] == 1.0
    assert refresh_recipe_refs(project) == []


def test_an_experiment_in_a_checkout_of_its_own_writes_into_the_users(project, monkeypatch):
    refresh_recipe_refs(project)
    apart = project.root / ".dvc/tmp/exps/standalone/tmp1"
    apart.mkdir(parents=True)
    git(apart, "init", "-q")
    monkeypatch.setenv("DVC_EXP_NAME", "spare-toys")
    put_results(Project(apart), "audio_vae", 1.0, 1.0)
    assert refresh_recipe_refs(Project(apart)) == ["audio_vae.spare-toys"]
    assert shown(project, "audio_vae.spare-toys")["rmse_db"] == 1.0
    assert git(apart, "for-each-ref") == ""


def test_what_is_missing_is_left_out(project):
    for name in ("train.csv", "eval.csv"):
        (project.plots("audio_vae") / name).unlink()
    (project.model("audio_vae") / "recipe.toml").unlink()
    refresh_recipe_refs(project)
    tree = git(project.root, "ls-tree", "-r", "--name-only", "audio_vae").splitlines()
    assert tree == ["dvc.yaml", "figures.json", "metrics.json", "params.toml", "results.sha256"]
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
    with pytest.raises(UserError, match="cannot be named 'stash'"):
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
    rmse = metrics["vqvae/words.json"]["rmse_db"]
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
    assert ("rmse_db", "7.5", "-", "-") in cells
    assert ("rmse_db (clips of audio_vae_plus)", "-", "5.5", "-") in cells


def test_a_file_of_another_form_stays_as_it_is(project):
    project.metrics("audio_vae").write_text('{"lines": 3}')
    project.metrics("audio_vae_plus").write_text("{")
    refresh_recipe_refs(project)
    for name, content in (("audio_vae", '{"lines": 3}'), ("audio_vae_plus", "{")):
        assert git(project.root, "show", f"{name}:metrics.json") == content
        assert "metrics:\n- metrics.json" in git(project.root, "show", f"{name}:dvc.yaml")


def test_metrics_that_an_older_cantus_wrote_are_shown_and_not_compared(project):
    """They do not say how they were measured."""
    older = {
        "baseline": {"grid": {"rmse_db": 9.0}},
        "eval": {"clips": 50.0, "codebook_1": {"usage": 0.5}, "rmse_db": 8.0},
        "evaluation_set": "1a2b3c4d5e",
        "step": 10,
        "untrained": {"rmse_db": 25.0},
    }
    project.metrics("audio_vae").write_text(json.dumps(older))
    refresh_recipe_refs(project)
    assert shown(project, "audio_vae") == {"rmse_db": 8.0, "step": 10}
    other = {"rmse_db (unit of audio_vae_plus)": 5.5, "step": 20}
    assert shown(project, "audio_vae_plus") == other


def test_recipes_of_other_systems_and_corpora_lie_in_other_files(project):
    recipe = project.model("audio_vae") / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('"words"', '"noises"'))
    (project.model("audio_vae_plus") / "recipe.toml").write_text('system = "../../x"\n')
    refresh_recipe_refs(project)
    assert "rmse_db" in git(project.root, "show", "audio_vae:vqvae/noises.json")
    assert "rmse_db" in git(project.root, "show", "audio_vae_plus:figures.json")


def test_parameters_are_what_is_trained_with_without_prose(project):
    refresh_recipe_refs(project)
    assert tomllib.loads(git(project.root, "show", "audio_vae:recipe.toml")) == {
        "dataset": {"corpus": "words"},
        "optimizer": {"learning_rate": 0.001},
        "speech": {},
        "system": "vqvae",
    }


def test_experiments_get_other_keys_where_their_recipe_is_measured_on_other_clips(
    project, monkeypatch
):
    refresh_recipe_refs(project)
    monkeypatch.setenv("DVC_EXP_NAME", "toys")
    put_results(project, "audio_vae", 1.0, 1.0)
    assert refresh_recipe_refs(project) == ["audio_vae.toys"]
    monkeypatch.delenv("DVC_EXP_NAME")
    for name in ("audio_vae", "audio_vae_plus"):
        put_results(project, name, 2.0, 1.0, clips="another set")
    changed = ["audio_vae", "audio_vae.toys", "audio_vae_plus"]
    assert refresh_recipe_refs(project) == changed
    assert shown(project, "audio_vae.toys") == {
        "rmse_db (clips of audio_vae.toys)": 1.0,
        "step": 20,
    }
    assert shown(project, "audio_vae") == {"rmse_db": 2.0, "step": 20}
    assert refresh_recipe_refs(project) == []


def test_a_curve_has_the_steps_at_which_there_is_a_figure(project):
    refresh_recipe_refs(project)
    curve = git(project.root, "show", "audio_vae:plots/eval/rmse_db.csv")
    assert curve == "step,rmse_db\n20,7.5"
