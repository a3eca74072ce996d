"""Which commit a run was made with."""

import subprocess

from engine.project import Project
from engine.runs.provenance import provenance


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_a_commit_is_named_and_so_are_changes_of_recipes_but_not_of_results(tmp_path):
    project = Project(tmp_path)
    assert "commit" not in provenance(project)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.toml").write_text("")
    git(tmp_path, "init", "-q")
    assert "commit" not in provenance(project)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    (tmp_path / "dvc.lock").write_text("")
    found = provenance(project)
    assert (len(found["commit"]), found["uncommitted"]) == (40, False)
    (tmp_path / "recipes" / "a.toml").write_text("x = 1")
    assert provenance(project)["uncommitted"] is True
