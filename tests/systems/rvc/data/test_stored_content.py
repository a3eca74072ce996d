"""Content features are read when they are asked for, and hold no file open."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.systems.rvc.data.content_features import STORED
from engine.systems.rvc.data.stored_content import StoredContent, stored_in

_FEW = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from engine.features.cache import Features
from engine.project import Project
from engine.recipe import load_params
from engine.systems.rvc.data import cached_features
from engine.systems.rvc.data.recordings import load_recordings
from tests.systems.rvc.voices_project import small_recipe

cached_features._SHARD_SECONDS = 0.1  # a file for every clip
project, features = Project(Path(sys.argv[1])), Features(Path(sys.argv[2]))
params = load_params(project.params)
load = lambda: load_recordings(small_recipe(), project, params, features, torch.device("cpu"))
load()  # what is imported late may open files
open_now = len(list(Path("/proc/self/fd").iterdir()))
limit = open_now + 6
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
recordings = load()
learned = recordings.training
files = {place.path for place in learned.content.places if hasattr(place, "path")}
learned.batch(range(len(learned)), np.random.default_rng(0))
print(len(files))
"""


@pytest.fixture
def path(tmp_path):
    numbers = np.arange(10 * 3).reshape(10, 3).astype(STORED)
    np.save(tmp_path / "content.npy", numbers)
    return tmp_path / "content.npy"


def test_each_slice_has_its_frames_in_any_order(path):
    whole = np.load(path)
    content = StoredContent(tuple(stored_in(path, [4, 1, 5])))
    silence = np.zeros((2, 3), STORED)
    wanted = [whole[:4], whole[4:5], whole[5:], silence, silence]
    longer = content.followed_by([silence, silence])
    assert len(longer) == 5
    assert all(map(np.array_equal, longer, wanted))
    assert np.array_equal(longer[-1], silence)
    assert all(map(np.array_equal, longer[1:3], wanted[1:3]))
    assert all(map(np.array_equal, longer.only(np.array([4, 0])), [silence, wanted[0]]))
    assert longer[0].dtype == STORED
    assert np.array_equal(np.concatenate(content), whole)


def test_what_was_read_stays_when_its_file_goes(path):
    content = StoredContent(tuple(stored_in(path, [4, 6])))
    first, whole = content[0], np.load(path)
    path.unlink()
    assert np.array_equal(first, whole[:4])


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 150)])
def test_a_file_that_is_gone_or_cut_short_is_named(path, harm):
    content = StoredContent(tuple(stored_in(path, [4, 6])))
    harm(path)
    with pytest.raises(UserError, match=r"content\.npy: the file was deleted or changed"):
        content[1]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files by /proc")
def test_more_files_than_a_process_may_open(voices_project, tmp_path):
    root = str(Path(__file__).parents[4])
    done = subprocess.run(
        [sys.executable, "-c", _FEW, str(voices_project.root), str(tmp_path / "features")],
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 6, "as many files as could be open would show nothing"
