"""With real git and DVC: what `dvc metrics diff` shows is what the workspace shows."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scmrepo.exceptions import RevError
from scmrepo.git import Git

PARAMS = """\
profile = "full"
seed = 1

[hardware]
num_threads = 1

[corpora.words]
source = "builtin"
sample_rates_hz = [16_000]
"""
PIPELINE = """\
stages:
  resolve:
    cmd: cantus resolve
    always_changed: true
    outs: [build/corpora: {cache: false, persist: true}]
  a:
    cmd: mkdir -p metrics && cp value metrics/a.json
    deps: [value, build/corpora/words.toml]
    metrics: [metrics/a.json: {cache: false}]
"""

pytestmark = pytest.mark.slow


class Checkout:
    """A project of two recipes, one of which has a stage that copies its metrics."""

    def __init__(self, root: Path, folder: str = ".") -> None:
        self.top = root
        self.root = (root / folder).resolve()
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        who = {
            f"GIT_{role}_{part}": "a@b"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = own | who | {"PATH": path, "DVC_NO_ANALYTICS": "1"}

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def make(self) -> None:
        for folder in ("recipes", "metrics"):
            (self.root / folder).mkdir(parents=True)
        files = {
            "params.toml": PARAMS,
            "dvc.yaml": PIPELINE,
            "recipes/README": "none",
            ".gitignore": "/build/\n",
        }
        for name, text in files.items():
            (self.root / name).write_text(text)
        self.measure("b", 5.0)
        (self.root / "value").write_text('{"x": 1.0}')
        self.run("git", "init", "-q", str(self.top))
        self.run("dvc", "init", "-q", *(["--subdir"] if self.root != self.top else []))

    def measure(self, recipe: str, value: float) -> None:
        (self.root / "metrics" / f"{recipe}.json").write_text(json.dumps({"x": value}))

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "state")

    def diff(self) -> tuple[float | None, float | None]:
        """What the literal command shows of the two recipes."""
        shown = json.loads(self.run("dvc", "metrics", "diff", "a", "b", "--json"))
        row = shown["metrics.json"]["x"]
        return row.get("old"), row.get("new")

    def seen(self) -> list[float]:
        """What the refs hold, as DVC finds them by libgit2: no process, for the cases beside."""
        scm = Git(str(self.root))
        where = self.root.relative_to(scm.root_dir) / "metrics.json"
        try:
            files = [scm.get_fs(scm.resolve_rev(name)) for name in ("a", "b")]
        except RevError:
            return []
        return [json.loads(fs.open(f"/{where}").read())["x"] for fs in files]


@pytest.fixture
def checkout(tmp_path):
    checkout = Checkout(tmp_path / 'it\'s "möre"')
    checkout.make()
    checkout.measure("a", 1.0)
    checkout.commit()
    assert checkout.run("cantus", "refs") == "refreshed: a, b\n"
    return checkout


def test_git_that_changes_results_changes_what_dvc_compares(checkout):
    checkout.measure("a", 2.0)
    checkout.run("cantus", "refs")
    assert checkout.diff() == (2.0, 5.0)
    checkout.run("git", "stash", "-q")
    assert checkout.seen() == [1.0, 5.0]
    checkout.run("git", "stash", "pop", "-q")
    assert checkout.seen() == [2.0, 5.0]
    checkout.run("git", "checkout", "-q", ".")
    assert checkout.diff() == (1.0, 5.0)


def test_a_branch_without_results_has_no_refs_and_one_with_them_has_them_again(checkout):
    checkout.run("git", "rm", "-q", "-r", "metrics")
    checkout.run("git", "commit", "-q", "-m", "no results")
    assert checkout.run("git", "for-each-ref", "refs/a", "refs/b") == ""
    checkout.run("git", "checkout", "-q", "HEAD~1")
    assert checkout.seen() == [1.0, 5.0]


def test_a_result_from_the_run_cache_is_what_dvc_compares_after_repro(tmp_path):
    checkout = Checkout(tmp_path / "project")
    checkout.make()
    checkout.commit()
    for value in (1.0, 2.0, 1.0):
        (checkout.root / "value").write_text(json.dumps({"x": value}))
        said = checkout.run("dvc", "repro", "a")
        started = time.monotonic()
        while checkout.seen() != [value, 5.0]:  # DVC has ended; what waited for that is at work
            assert time.monotonic() < started + 60
            time.sleep(0.05)
    assert "is cached - skipping run" in said


def test_worktrees_show_their_own_figures(checkout):
    checkout.run("git", "worktree", "add", "-q", "../beside")
    beside = Checkout(checkout.root.parent / "beside")
    assert beside.seen() == [1.0, 5.0]
    beside.measure("a", 3.0)
    beside.run("cantus", "refs")
    assert beside.diff() == (3.0, 5.0)
    assert checkout.seen() == [1.0, 5.0]
    (beside.root / "metrics" / "a.json").unlink()
    beside.run("cantus", "refs")
    with pytest.raises(AssertionError, match="unknown Git revision 'a'"):
        beside.diff()
    assert checkout.seen() == [1.0, 5.0]


@pytest.mark.parametrize("how", [["--bare"], ["--depth", "1", "--no-checkout"]])
def test_a_worktree_of_a_bare_or_shallow_clone_reached_by_a_link_has_its_figures(
    checkout, tmp_path, how
):
    checkout.run("git", "clone", "-q", *how, checkout.root.as_uri(), str(tmp_path / "clone"))
    Checkout(tmp_path, "clone").run("git", "worktree", "add", "-q", "--detach", "../beside")
    (tmp_path / "link").symlink_to("beside")
    beside = Checkout(tmp_path, "beside")
    beside.root = tmp_path / "link"
    assert beside.run("cantus", "refs") == "refreshed: a, b\n"
    beside.root = tmp_path / "beside"
    assert beside.seen() == [1.0, 5.0]


def test_two_projects_in_folders_of_one_repository_keep_their_figures_apart(tmp_path):
    speech, words = (Checkout(tmp_path, folder) for folder in ("team/spee ch", "words"))
    for value, project in ((1.0, speech), (2.0, words)):
        project.make()
        project.measure("a", value)
        project.commit()
        project.run("cantus", "refs")
    assert [speech.diff(), words.seen()] == [(1.0, 5.0), [2.0, 5.0]]
    words.measure("a", 3.0)
    speech.measure("a", 4.0)
    speech.run("git", "reset", "-q", "--hard")
    assert [speech.seen(), words.seen()] == [[1.0, 5.0], [2.0, 5.0]]
    shutil.rmtree(words.root / "metrics")
    words.run("cantus", "refs")
    assert speech.seen() == [1.0, 5.0]
    assert "words" not in speech.run("git", "ls-tree", "--full-tree", "a")


def test_a_hook_of_the_users_own_stays_and_so_does_a_folder_of_hooks_elsewhere(checkout):
    hook = checkout.root / ".git" / "hooks" / "post-index-change"
    assert "Written by Cantus" in hook.read_text()
    hook.write_text("#!/bin/sh\n# mine\n")
    checkout.measure("a", 2.0)
    checkout.run("cantus", "refs")
    assert hook.read_text() == "#!/bin/sh\n# mine\n"
    hook.unlink()
    checkout.run("git", "config", "core.hooksPath", "hooks")
    checkout.measure("a", 3.0)
    checkout.run("cantus", "refs")
    assert not hook.exists()
    assert not (checkout.root / "hooks").exists()


def test_the_hook_is_quiet_where_its_python_is_gone(checkout):
    hook = checkout.root / ".git" / "hooks" / "post-index-change"
    hook.write_text(hook.read_text().replace(sys.executable, "/nowhere/python"))
    checkout.measure("a", 2.0)
    assert checkout.run("git", "status", "--short") == " M metrics/a.json\n"
