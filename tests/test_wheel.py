"""A built wheel, installed outside the clone: a project is laid, checked and run with it."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
pytestmark = pytest.mark.slow


def run(*command, cwd):
    """Run a command that must succeed, with nothing of the clone in reach; what it printed."""
    outer = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
    path = f"{Path(command[0]).parent}{os.pathsep}{outer['PATH']}"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=outer | {"PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built out of the source distribution."""
    place = tmp_path_factory.mktemp("dist")
    offline = ("--offline", "--no-build-isolation", "--python", sys.executable)
    run(UV, "build", "--quiet", *offline, "--out-dir", place, ROOT, cwd=place)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """An environment that has the wheel, and all other packages of this one; its programs."""
    place = tmp_path_factory.mktemp("installed") / "environment"
    run(UV, "venv", "--quiet", "--offline", "--python", sys.executable, place, cwd=place.parent)
    python = place / "bin" / "python"
    run(UV, "pip", "install", "-q", "--offline", "--no-deps", "--python", python, wheel, cwd=place)
    (packages,) = place.glob("lib/*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def test_a_wheel_lays_a_project_that_is_checked_and_run_outside_the_clone(programs, tmp_path):
    cantus, project = programs / "cantus", tmp_path / "my project"
    said = run(cantus, "init", project, cwd=tmp_path)
    assert str(programs.parent / "lib") in said.splitlines()[-1]  # the wheel's own pages
    assert "audio_vae" in run(cantus, "check", cwd=project)
    run(programs / "python", "-m", "dvc", "repro", "resolve", cwd=project)
    assert (project / "build/recipes/audio_vae.toml").is_file()
    assert Path(said.split()[-1], "architecture.md").is_file()


def test_a_wheel_says_its_licence_and_holds_no_tests(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        (metadata,) = (name for name in names if name.endswith("/METADATA"))
        text = file.read(metadata).decode()
    assert "License-Expression: Apache-2.0\n" in text
    assert not [name for name in names if "/tests/" in f"/{name}" or "/build/" in f"/{name}"]
