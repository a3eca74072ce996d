"""Git and DVC as programs that fail: their own words, or a sentence, reach the user."""

import os
import subprocess
import sys

import pytest

from engine.errors import UserError
from engine.programs import dvc, git, is_git_checkout
from engine.project import Project, require_git


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / 'it\'s a "prøject"'
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def test_an_answer_comes_without_the_lines_end_and_a_hooks_variables_lead_nowhere(
    checkout, monkeypatch, tmp_path
):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git(checkout, "rev-parse", "--show-toplevel") == str(checkout.resolve())


def test_git_is_quoted_where_it_fails(checkout):
    with pytest.raises(UserError, match=r"'git rev-parse' failed in .*: fatal: .*revision.* 'no'"):
        git(checkout, "rev-parse", "no", "--")


def test_without_git_on_path_it_is_asked_for(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(UserError, match="'git' is not on PATH"):
        require_git(Project(checkout))


def test_a_folder_of_no_checkout_is_told_apart_from_one_that_git_refuses(checkout, tmp_path):
    assert not is_git_checkout(tmp_path)
    with pytest.raises(UserError, match="is not a git checkout"):
        require_git(Project(tmp_path))
    (checkout / "below").mkdir()
    require_git(Project(checkout / "below"))
    moved = tmp_path / "worktree"
    moved.mkdir()
    (moved / ".git").write_text("gitdir: /moved/away\n")
    with pytest.raises(UserError, match="not a git repository: /moved/away"):
        require_git(Project(moved))


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can give a checkout another owner")
def test_a_checkout_of_another_owner_is_refused_in_gits_words(checkout, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    os.chown(checkout, 65534, 65534)
    os.chown(checkout / ".git", 65534, 65534)
    with pytest.raises(UserError, match=r"dubious ownership.*git config --global --add safe"):
        require_git(Project(checkout))


@pytest.mark.slow
def test_dvc_is_quoted_where_it_fails_without_its_advice_to_ask_its_makers(checkout):
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=checkout, check=True)
    (checkout / "mine").mkdir()
    (checkout / "mine" / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"")
    with pytest.raises(UserError, match=r"'dvc add' failed in .*can't encode character") as refusal:
        dvc(checkout, "add", "mine")
    assert "Hit us up" not in str(refusal.value)
