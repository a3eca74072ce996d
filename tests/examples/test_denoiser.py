"""The system of docs/adding-a-system.md, installed through its entry point: it trains for real."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tomli

from tests.packages import install, run_python, site  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "denoiser"
PARAMS = """\
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.words]
source = "data/words"
sample_rates_hz = [16_000]
[tracking]
mirrors = []
"""
CANTUS = """\
import sys
from engine.cli import main
for words in sys.argv[1:]:
    try:
        main(words.split())
    except SystemExit as left:
        print(f"{words}: exit code {left.code or 0}", flush=True)
"""


def voiced(random):
    """A second of harmonics at a drawn pitch."""
    times, pitch = np.arange(16_000) / 16_000, random.uniform(90, 250)
    return sum(0.1 / k * np.sin(2 * np.pi * pitch * k * times) for k in range(1, 9))


@pytest.fixture
def project(tmp_path):
    """A project with the example's recipe, one that is not for it, and recordings of words."""
    root, random = tmp_path / "project", np.random.default_rng(0)
    (root / "recipes").mkdir(parents=True)
    (root / "params.toml").write_text(PARAMS)
    shutil.copy(EXAMPLE / "denoiser.toml", root / "recipes")
    (root / "weights.pth").write_bytes(b"weights")
    (root / "recipes/tuned.toml").write_text(
        'extends = "denoiser.toml"\n[start]\nweights = "weights.pth"\n'
    )
    for number in range(24):
        word = ("yes", "no", "up")[number % 3]
        path = root / "data/words" / word / f"s{number % 8}_nohash_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, voiced(random), 16_000)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.fixture
def cantus(install, run_python, project):  # noqa: F811
    """Run commands one after another in a process that finds the installed example."""
    table = tomli.loads((EXAMPLE / "pyproject.toml").read_text())
    ((name, value),) = table["project"]["entry-points"]["cantus.systems"].items()
    sources = {path.stem: path.read_text() for path in (EXAMPLE / "denoiser").glob("*.py")}
    install("denoiser", f"{name} = {value}", **sources)
    return lambda *commands: run_python(CANTUS, *commands, cwd=project)


def test_it_is_a_whole_system_in_as_many_lines_as_the_page_says():
    files = [path for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".toml"}]
    lines = sum(len(path.read_text().splitlines()) for path in files)
    assert f"{lines} lines" in (ROOT / "docs" / "adding-a-system.md").read_text()


def test_it_trains_and_what_it_does_not_have_is_a_sentence_or_nothing(cantus, project):
    (project / "recipes/brief.toml").write_text(
        'extends = "denoiser.toml"\nsummary = "brief"\n[training]\nsteps = 60\n'
    )
    whole = ("check", "ingest words", "train brief")
    lacking = ("prepare denoiser", "diff denoiser --upstream", "train tuned")
    done = cantus(
        *whole, "resolve denoiser", "report brief", "pipeline --write", *lacking, "--help"
    )
    assert "Traceback" not in done.stderr
    for command in (*whole, "resolve denoiser", "report brief", "pipeline --write", "--help"):
        assert f"{command}: exit code 0" in done.stdout, done.stdout + done.stderr
    for command in lacking:
        assert f"{command}: exit code 2" in done.stdout, done.stdout + done.stderr
    metrics = json.loads((project / "models/brief/metrics.json").read_text())
    assert metrics["eval"]["mse"] < 0.5 * 0.05**2, "half of the noise is gone"
    assert "cantus train denoiser" in (project / "dvc.yaml").read_text()
    model = project / "models/brief"
    assert (model / "report.html").is_file()
    assert not (model / "export").exists()
    assert "denoiser needs no preparation: the system 'denoiser' learns from the" in done.stderr
    assert "the system 'denoiser' reads no published weights" in done.stderr
    assert "(denoiser)" not in done.stdout, "it adds no command"
    assert not (project / "models/tuned").exists()
