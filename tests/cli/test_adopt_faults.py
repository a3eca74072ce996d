"""Adopting that fails half-way or is killed, with real processes of git and DVC."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from engine.programs import dvc
from tests.cli.test_adopt import contents, mine, run, shipped, template

__all__ = ["mine", "shipped", "template"]

pytestmark = pytest.mark.slow


def start(project, *words):
    """`cantus adopt` in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine", "adopt", *words],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def state(project):
    """All that adopting changes; not what git, DVC and the lock keep for themselves."""
    files = contents(project)
    return {
        name: content
        for name, content in files.items()
        if not name.startswith((".git/", ".dvc/", "build/"))
    }


def test_dvc_that_fails_is_quoted_and_everything_is_as_before(shipped, mine, cantus):
    before = state(shipped)
    config = shipped / ".dvc" / "config"
    kept = config.read_text()
    config.write_text("[core]\n    no_such_setting = 1\n")
    answer = cantus("adopt", str(mine))
    assert answer.code == 2
    assert "'dvc add' failed in" in answer.error
    assert "extra keys not allowed @ data['core']['no_such_setting']" in answer.error
    assert "Hit us up" not in answer.error
    assert state(shipped) == before
    config.write_text(kept)
    assert cantus("adopt", str(mine)).code == 0


@contextmanager
def files_of_at_most(num_bytes):
    """As on a full disk: no process begun inside can write larger files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_while_files_are_copied_leaves_everything_as_before(
    shipped, mine, cantus
):
    (mine / "long.raw").write_bytes(bytes(300_000))
    before = state(shipped)
    with files_of_at_most(200_000):
        process = start(shipped, str(mine))
        said = process.communicate()[0]
    assert process.returncode == 2
    assert "cannot be copied" in said
    assert "File too large" in said
    assert state(shipped) == before


@pytest.mark.parametrize("copied", [False, True])
def test_a_disk_that_fills_while_dvc_writes_leaves_everything_as_before(
    shipped, mine, cantus, monkeypatch, copied
):
    if copied:
        shutil.copytree(mine, shipped / "data" / "words", ignore=shutil.ignore_patterns(".*"))
        (shipped / "data" / "words.dvc").write_text("outs:\n- path: words\n")
    before = state(shipped)

    def on_a_full_disk(*arguments):
        with files_of_at_most(90):
            return dvc(*arguments)

    monkeypatch.setattr("engine.corpus.track.dvc", on_a_full_disk)
    answer = cantus("adopt", str(mine))
    assert answer.code == 2
    assert "'dvc add' failed" in answer.error
    assert state(shipped) == before
    monkeypatch.undo()
    monkeypatch.chdir(shipped)
    assert cantus("adopt", str(mine)).code == 0


def test_a_kill_while_dvc_is_at_work_is_gone_on_from_even_with_a_torn_record(shipped, mine, cantus):
    process = start(shipped, str(mine))
    while not (shipped / "data" / "words").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert 'source = "builtin"' in (shipped / "params.toml").read_text()
    (shipped / "data" / "words.dvc").write_text("outs:\n- md5: 00")
    answer = cantus("adopt", str(mine))
    assert answer.code == 0, answer.error
    assert run(shipped, "dvc", "status", "data/words.dvc").strip().endswith("up to date.")
