"""A new project: the repository is such a one; where it cannot be laid, nothing is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.pipeline.new_project import lay_project
from engine.programs import dvc, git
from engine.project_files import project_files

ROOT = Path(__file__).parents[2]
FOLDERS = (".dvc", "data/builtin", "data.dvc", "recipes", "upstream")
"""What of the repository is a project's, and nothing of the engine's."""


@pytest.fixture
def whoever(tmp_path, monkeypatch):
    """Git's settings of a user, which the tests may change."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = t\nemail = t@t\nuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_EMAIL", raising=False)
    return settings


def files_below(folder):
    paths = folder.rglob("*")
    return {path.relative_to(folder).as_posix() for path in paths if path.is_file()}


def test_a_project_has_the_files_that_the_repository_has_with_the_same_content(tmp_path, whoever):
    new = lay_project(tmp_path / "new")
    committed = set(git(new.root, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    of_the_repository = set(git(ROOT, "ls-files", "--", *FOLDERS).splitlines())
    assert of_the_repository <= committed
    assert committed == {*project_files(ROOT), "dvc.yaml"}
    for name in committed:
        assert (new.root / name).read_bytes() == (ROOT / name).read_bytes(), name
    assert (new.note, git(new.root, "status", "--porcelain")) == (None, "")


def test_a_folder_that_holds_anything_is_refused_by_its_names(tmp_path, whoever):
    for name in ("a.wav", "b.wav", "c.wav", ".notes"):
        (tmp_path / "full" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "full" / name).touch()
    with pytest.raises(UserError, match=r"full holds \.notes, a\.wav, b\.wav and 1 more"):
        lay_project(tmp_path / "full")
    with pytest.raises(UserError, match="gitconfig is a file"):
        lay_project(whoever)
    assert files_below(tmp_path / "full") == {"a.wav", "b.wav", "c.wav", ".notes"}


def test_below_another_repository_files_are_added_and_not_committed(tmp_path, whoever):
    outer = tmp_path / "all of us"
    git(tmp_path, "init", str(outer))
    new = lay_project(outer / "my voice")
    added = git(outer, "diff", "--cached", "--name-only").splitlines()
    assert set(added) == {f"my voice/{name}" for name in new.files}
    assert new.note.startswith("The folder lies in another git repository")
    assert not (new.root / ".git").exists()
    assert Path(dvc(new.root, "root")) == Path()
    assert "resolve" in dvc(new.root, "stage", "list")


def test_files_that_the_repository_around_ignores_are_not_laid(tmp_path, whoever):
    git(tmp_path, "init", "outer")
    (tmp_path / "outer/.gitignore").write_text("takes/\n")
    with pytest.raises(UserError, match="ignored by one of your"):
        lay_project(tmp_path / "outer/takes/deep")
    assert not (tmp_path / "outer/takes").exists()


def test_without_a_name_for_git_all_is_laid_and_the_note_says_how_to_commit(tmp_path, whoever):
    whoever.write_text("[user]\nuseConfigOnly = true\n")
    new = lay_project(tmp_path / "new")
    assert "git config --global user.name" in new.note
    assert set(git(new.root, "diff", "--cached", "--name-only").splitlines()) == set(new.files)


def test_a_commit_that_a_hook_refuses_is_left_to_the_user(tmp_path, whoever):
    hook = tmp_path / "hooks/pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho no recipes on Fridays\nexit 1\n")
    hook.chmod(0o755)
    whoever.write_text(f"{whoever.read_text()}[core]\nhooksPath = {hook.parent}\n")
    note = lay_project(tmp_path / "new").note
    assert "no recipes on Fridays" in note


def test_without_git_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="The program 'git' is not on PATH"):
        lay_project(tmp_path / "new")
    assert [*tmp_path.iterdir()] == []


def test_an_empty_folder_that_was_there_is_empty_again_after_a_failure(
    tmp_path, whoever, monkeypatch
):
    def refuse(path, pipeline):
        raise UserError("no space")

    monkeypatch.setattr("engine.pipeline.new_project.write_pipeline", refuse)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no space"):
        lay_project(tmp_path / "empty")
    assert [*(tmp_path / "empty").iterdir()] == []


def test_the_command_loads_no_torch_and_ends_with_what_to_do_next(tmp_path, whoever):
    code = (
        "import sys; from engine.cli import main\n"
        "try: main(['init', 'new'])\n"
        "finally: print(sorted({'torch', 'aim', 'dvc', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cd new" in done.stdout
    assert done.stdout.endswith("[]\n")
