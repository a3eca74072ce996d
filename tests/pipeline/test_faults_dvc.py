"""The real `dvc repro` around a toy: two at once, killed, orphaned, interrupted, hard-linked."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.runs.folder import RunFolder
from engine.runs.model_store import find_model_damage
from tests.pipeline.toy_stage import HOLD
from tests.training.faults import result
from tests.training.train_toy import finish, wait_for_step

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
_STAGE = """
stages:
  toy:
    cmd: python -m tests.pipeline.toy_stage
    outs: [models/toy]
    metrics:
      - metrics/toy.json: {cache: false}
    plots:
      - plots/toy/train.csv: {cache: false}
      - plots/toy/eval.csv: {cache: false}
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return result(folder)


@pytest.fixture
def project(tmp_path):
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (tmp_path / "dvc.yaml").write_text(_STAGE)
    (tmp_path / ".gitignore").write_text("/models/\n/runs/\n")
    return tmp_path


def begin(project, *command):
    """Start a command in a process group of its own, as a shell does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    more = {"PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=project,
        env=os.environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(project, *command):
    """Exit code and output of a command."""
    process = begin(project, *command)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def engine_of(dvc):
    """The process that trains for a `dvc repro`."""
    family = psutil.Process(dvc.pid).children(recursive=True)
    return next(child for child in family if "tests.pipeline.toy_stage" in child.cmdline()[1:])


def log_of(project):
    (log,) = project.glob("runs/toy/*/events.jsonl")
    return log.read_bytes()


def test_two_at_once_and_an_orphan_do_no_harm_and_nothing_is_trained_twice(project, undisturbed):
    (project / HOLD).touch()
    first = begin(project, "dvc", "repro")
    wait_for_step(project, 3)
    code, output = run(project, "dvc", "repro")
    assert code != 0
    assert "busy" in output or "lock" in output, output
    orphan = engine_of(first)
    first.kill()
    first.wait()
    code, output = run(project, "dvc", "repro")
    assert code != 0
    assert (project / "error").is_file(), output
    assert "Another process is already training" in (project / "error").read_text()
    (project / HOLD).unlink()
    orphan.wait(120)
    events = log_of(project)
    code, output = run(project, "dvc", "repro")
    assert (code, "already trained" in output) == (0, True), output
    assert result(project) == undisturbed
    code, output = run(project, "dvc", "repro", "--force")
    assert (code, "already trained" in output) == (0, True), output
    assert (log_of(project), result(project)) == (events, undisturbed)


def test_with_hard_links_to_dvcs_cache_an_interrupted_run_ends_the_same(project, undisturbed):
    run(project, "dvc", "config", "cache.type", "hardlink,copy")
    (project / HOLD).touch()
    process = begin(project, "dvc", "repro")
    wait_for_step(project, 3)
    os.killpg(process.pid, signal.SIGINT)
    (project / HOLD).unlink()
    process.wait(60)
    assert process.returncode != 0
    code, output = run(project, "dvc", "repro")
    assert (code, "resumed at step" in output) == (0, True), output
    assert result(project) == undisturbed
    shutil.rmtree(project / "models")
    code, output = run(project, "dvc", "checkout")
    assert code == 0, output
    assert result(project) == undisturbed
    (folder,) = [path for path in project.glob("runs/toy/*") if path.is_dir()]
    assert find_model_damage(RunFolder(folder)) is None
