"""No code of the current folder runs: real commands in a data folder where much is planted."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.entry import safe_environment
from tests.command_line import RECIPE

ROOT = Path(__file__).parents[1]
CANTUS = Path(sys.executable).with_name("cantus")
PARAMS = """\
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.words]
source = "data/words"
sample_rates_hz = [16_000]
"""
PLANTED = """\
import sys
with open({witness!r}, "a") as file:
    file.write(f"{{__file__}} in {{sys.argv}}\\n")
"""
UNASKED = {"sitecustomize", "usercustomize", "cutlet", "ujson", "IPython", "readline"}
"""What Python and libraries try to import, though it need not be there."""


def all_names() -> set[str]:
    """Every module that there is, and every one that the engine names."""
    files = (ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.glob("engine/**/*.py"))
    nodes = [node for tree in files for node in ast.walk(tree)]
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    installed = packages_distributions().keys()
    found = {name.split(".")[0] for name in {*named, *installed, *sys.stdlib_module_names}}
    return {name for name in found | UNASKED if name.isidentifier()}


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    return tmp_path_factory.mktemp("witness") / "ran"


@pytest.fixture(scope="module")
def data(tmp_path_factory, witness):
    """A corpus folder with recordings, and with a module of every name."""
    root = tmp_path_factory.mktemp("project")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "params.toml").write_text(PARAMS)
    (root / "recipes").mkdir()
    recipe = RECIPE.replace("epochs = 5", "steps = 1").replace("batch_size = 64", "batch_size = 4")
    (root / "recipes/words.toml").write_text(recipe)
    shutil.copytree(ROOT / "upstream", root / "upstream")
    data, random = root / "data" / "words", np.random.default_rng(0)
    for number in range(24):
        path = data / ("yes", "no", "up")[number % 3] / f"s{number % 8}_nohash_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * random.standard_normal(16_000), 16_000)
    plant(data, all_names(), witness)
    for program in ("git", "dvc", "ffmpeg", "readlink", "python", "ldconfig"):
        (data / program).write_text(f"#!/bin/sh\necho {program} >> {witness}\n")
        (data / program).chmod(0o755)
    # Whoever opens these waits for ever.
    for name in ("matplotlibrc", "libcuda.so.1", "libsndfile.so.1", "alembic.ini"):
        os.mkfifo(data / name)
    return data


def plant(folder: Path, names: set[str], witness: Path) -> None:
    for name in names:
        (folder / f"{name}.py").write_text(PLANTED.format(witness=str(witness)))


def run(data: Path, *words: str, **more: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | more
    done = subprocess.run(
        [CANTUS, *words],
        cwd=data,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_commands_their_workers_and_mirrors_run_nothing_of_the_current_folder(data, witness):
    run(data, "ingest", "words")
    said = run(data, "train", "words")
    assert "Aim could not" not in said
    command = [CANTUS, "ui", "--port", "0"]
    with subprocess.Popen(command, cwd=data, stdout=subprocess.PIPE, text=True) as pages:
        assert any("/metrics?select=O-" in line for line in pages.stdout)
        pages.send_signal(signal.SIGINT)
        pages.stdout.close()
    assert not witness.exists(), witness.read_text()


@pytest.mark.slow
def test_nor_with_search_paths_that_mean_the_current_folder(data, witness):
    (data / "yes" / "s0_nohash_0.wav").touch()
    here = {"PATH": f":.:{os.environ['PATH']}:", "PYTHONPATH": ":x:.", "LD_LIBRARY_PATH": ":."}
    shutil.rmtree(data.parents[1] / "build")
    # The linker finds what /bin/sh and Python need before Cantus begins.
    run(data, "ingest", "words", **here)
    run(data, "check", **here)
    assert not witness.exists(), witness.read_text()


def test_a_planted_module_does_speak_where_python_looks_in_the_current_folder(data, witness):
    subprocess.run([sys.executable, "-c", "import joblib"], cwd=data, check=False)
    said = witness.read_text()
    witness.unlink()
    assert "joblib.py in ['-c']" in said


def test_search_paths_keep_what_leads_to_one_place_from_everywhere():
    given = {
        "PATH": ":/usr/bin:.:bin::/bin:~/bin:",
        "PYTHONPATH": "",
        "PYTHONHOME": ".",
        "PYTHONUSERBASE": "user",
        "PYTHONPYCACHEPREFIX": "cache",
        "LD_LIBRARY_PATH": "/a;lib:$ORIGIN/../lib:;/b c",
        "HOME": "x",
    }
    assert safe_environment(given) == {
        "PATH": "/usr/bin:/bin",
        "LD_LIBRARY_PATH": "/a:$ORIGIN/../lib:/b c",
        "PYTHONSAFEPATH": "1",
        "HOME": "x",
    }


def test_a_safe_environment_is_left_as_it_is():
    once = safe_environment(os.environ)
    assert safe_environment(once) == once
