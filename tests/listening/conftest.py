import shutil
import socket
from pathlib import Path

import pytest

from engine.listening.build import Options, build_test
from engine.listening.listening_test import read_test
from engine.listening.material import common_clips, material_of
from engine.project import Project
from engine.system_support.finished_run import finished_run
from tests.listening.made import make_listenable

ROOT = Path(__file__).parents[2]
SENTENCE = {"ab12": "<img src=x onerror=alert(1)> שלום \u202eevil"}


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A project with two runs and a test of them, to be copied."""
    root = tmp_path_factory.mktemp("listening") / "project"
    (root / "recipes").mkdir(parents=True)
    shutil.copy(ROOT / "params.toml", root)
    for name, noise in (("codec_a", 0.01), ("codec_b", 0.08)):
        make_listenable(root, name, noise, sentences=SENTENCE)
    materials = [material_of(finished_run(Project(root), name)) for name in ("codec_a", "codec_b")]
    build_test(root / "listening" / "ab", materials, common_clips(materials), Options())
    return root


@pytest.fixture
def project(made, tmp_path) -> Project:
    """The same for one test to change."""
    root = tmp_path / "project"
    shutil.copytree(made, root)
    return Project(root)


@pytest.fixture
def folder(project) -> Path:
    return project.listening / "ab"


@pytest.fixture
def test(folder):
    return read_test(folder)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
