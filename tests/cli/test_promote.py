"""Checkpoints are put into use with real git and real DVC."""

import subprocess
import sys
import tomllib
from contextlib import chdir

import pytest
import yaml
from attrs import evolve

from engine.project import Project
from engine.promotion.artifacts import promoted_artifacts
from engine.promotion.record import Promotion, add_decision
from engine.tracking.events import Event
from tests.finished_models import make_model

GUARD = {"name": "eval/m", "metric": "eval/m", "value": 0.5, "condition": "it must be below 0.4"}
WARNED = Event("guard", 20, facts=GUARD | {"action": "warn"})


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def dvc(folder, *words):
    command = [sys.executable, "-P", "-m", "dvc", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


@pytest.fixture
def with_dvc(project, tmp_path_factory):
    """DVC as `dvc init` leaves it, and a first commit."""
    (project / ".dvc").mkdir()
    (project / ".dvc" / "config").write_text(
        "[core]\n    analytics = false\n    check_update = false\n    remote = store\n"
        f"['remote \"store\"']\n    url = {tmp_path_factory.mktemp('remote')}\n"
    )
    (project / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (project / ".gitignore").write_text("/models/\n/build/\n")
    git(project, "add", ".")
    git(project, "commit", "-qm", "start")
    return project


def decisions(project, name="words"):
    return tomllib.loads((project / "promoted" / f"{name}.toml").read_text())["promotion"]


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (
            {"keep": "before"},
            "Its verdict is to keep before instead: the result is worse than before.",
        ),
        ({"events": [WARNED]}, "A guard fired at step 20: eval/m was 0.5, but it must be below"),
        ({"trained_on": "evaluation"}, "2 of the 40 evaluation clips were trained on by it."),
    ],
)
def test_what_speaks_against_a_run_refuses_it_and_leaves_nothing(project, cantus, model, why):
    make_model(project, **model)
    answer = cantus("promote", "words")
    assert answer.code == 2
    assert answer.error.startswith("error: words is not promoted. ")
    assert why in answer.error
    assert answer.error.endswith('To promote it nevertheless, give a reason: --because "..."\n')
    assert not (project / "promoted").exists()
    assert not (project / "dvc.yaml").exists()


def test_an_unknown_checkpoint_names_those_there_are(project, cantus):
    make_model(project)
    answer = cantus("promote", "words", "--checkpoint", "step:200")
    assert (answer.code, answer.out) == (2, "")
    assert "has no checkpoint 'step:200'" in answer.error
    assert "Did you mean 'step:10'? There are: best, last, step:10." in answer.error


def test_a_damaged_checkpoint_is_refused(project, cantus):
    weights = make_model(project) / "checkpoints" / "best" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "is damaged" in cantus("promote", "words").error


def test_what_never_finished_and_what_was_never_promoted_is_said(project, cantus):
    assert "'words' is not a finished run" in cantus("promote", "words").error
    assert "Nothing is promoted as 'words'." in cantus("promote", "words", "--demote").error
    assert "Nothing was ever promoted" in cantus("promote", "words", "--history").error
    make_model(project)
    assert "cannot be a promoted model's name" in cantus("promote", "words", "--as", "../x").error


def test_where_dvc_fails_nothing_changes(project, cantus):
    make_model(project)
    answer = cantus("promote", "words")  # no DVC here
    assert answer.code == 2
    assert "'dvc add' failed" in answer.error or "add" in answer.error
    assert not [*(project / "promoted").glob("*")]


def test_what_a_killed_promotion_put_aside_is_back_where_the_next_one_fails(project, cantus):
    make_model(project)
    aside = project / "promoted" / ".words.before"
    aside.mkdir(parents=True)
    (aside / "weights").write_text("in use")
    cantus("promote", "words")  # no DVC here
    assert (project / "promoted" / "words" / "weights").read_text() == "in use"
    assert not aside.exists()


def test_a_name_that_another_model_has_in_the_registry_is_refused_before_anything_changes(
    project, cantus
):
    make_model(project)
    run = {"recipe": "a", "run": "b", "checkpoint": "best", "step": 1, "metric": "eval/m"}
    used = Promotion(decision="promoted", at="2026-01-01", **run)
    add_decision(Project(project), "Words", used)
    answer = cantus("promote", "words")
    assert "words and Words would both be the artifact 'words'" in answer.error
    add_decision(Project(project), "Words", evolve(used, decision="demoted"))
    assert promoted_artifacts(Project(project)) == {}
    add_decision(Project(project), "words", used)
    assert [*promoted_artifacts(Project(project))] == ["words"]


@pytest.mark.parametrize("how", ["--demote", "--history"])
def test_a_name_that_leads_elsewhere_is_refused(project, cantus, how):
    (project / "mine").mkdir()
    (project / "mine.toml").write_text(
        '[[promotion]]\ndecision = "promoted"\nat = "2026"\nrecipe = "a"\nrun = "b"\n'
        'checkpoint = "best"\nstep = 1\nmetric = "eval/m"\n'
    )
    assert "cannot be a promoted model's name" in cantus("promote", "../mine", how).error
    assert (project / "mine").is_dir()


def test_a_promotion_lives_on_in_clones_and_replacements_and_ends_with_its_history(
    with_dvc, cantus, tmp_path_factory
):
    project = with_dvc
    make_model(project)
    answer = cantus("promote", "words", "--as", "voice")
    assert answer.out.splitlines()[0] == "voice is best of words, step 20, eval/rmse_db 4"
    artifact = yaml.safe_load((project / "dvc.yaml").read_text())["artifacts"]["voice"]
    assert (artifact["path"], artifact["meta"]["run"]) == ("promoted/voice", "3f9c2ab81d04")
    git(project, "add", "dvc.yaml", "promoted")
    git(project, "commit", "-qm", "promote")
    git(project, "tag", "-a", "voice@v1.0.0", "-m", "as `gto register voice` does")

    clone = tmp_path_factory.mktemp("clone") / "here"
    dvc(project, "push", "-q", "promoted/voice.dvc")
    git(project, "clone", "-q", str(project), str(clone))
    dvc(clone, "artifacts", "get", ".", "voice", "-o", "fetched")
    with chdir(clone):
        assert "its files are not here: `dvc checkout promoted/voice.dvc`" in cantus("status").out
    exported = (clone / "fetched" / "export" / "model.bin").read_bytes()
    assert exported.startswith(b"3f9c2ab81d04")

    # trained again: what is in use stays as it is, and is replaced only by another decision
    make_model(project, run="9d2e00000000", keep="before", value=5.0)
    assert (project / "promoted" / "voice" / "export" / "model.bin").read_bytes() == exported
    said = cantus("status").out
    assert "voice: best of words 3f9c2ab81d04, step 20, rmse_db 4, since 20" in said
    assert "words was trained again since: run 9d2e00000000" in said
    because = ["--because", "listeners prefer it"]
    cantus("promote", "words", "--as", "voice", "--checkpoint", "step:10", *because)
    assert not (project / "promoted" / "voice" / "export").exists()  # it is of other weights
    first, second = decisions(project, "voice")
    assert (first["run"], second["run"]) == ("3f9c2ab81d04", "9d2e00000000")
    assert (second["checkpoint"], second["step"], second["value"]) == ("step_10", 10, 9.0)
    assert second["objections"] == [
        "Its verdict is to keep before instead: the result is worse than before.",
        "The verdict is of step 20, not of step 10.",
    ]
    assert "because: listeners prefer it" in cantus("status").out

    assert "no longer in use" in cantus("promote", "voice", "--demote", "--because", "clicks").out
    assert not (project / "promoted" / "voice").exists()
    assert not (project / "promoted" / "voice.dvc").exists()
    assert "artifacts" not in (yaml.safe_load((project / "dvc.yaml").read_text()) or {})
    history = cantus("promote", "voice", "--history").out
    assert [line.split()[1] for line in history.splitlines() if line.startswith("20")] == [
        "promoted",
        "promoted",
        "demoted",
    ]
    assert "because: clicks" in history
    assert "Nothing is promoted." in cantus("status").out
