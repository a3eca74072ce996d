"""Published weights that are not there: the way to get them is named where there is one."""

import pytest

from engine.errors import UserError
from engine.fetch.published import find_weights
from engine.project import Project


def test_weights_that_can_be_fetched_are_missing_with_the_command_that_fetches_them(tmp_path):
    with pytest.raises(UserError, match="'cantus fetch xtts_v2' puts"):
        find_weights("published/xtts_v2/model.pth", Project(tmp_path))


@pytest.mark.parametrize("named", ["weights/mine.pth", "published/mine/model.pth"])
def test_other_weights_are_missing_with_the_place_they_belong_in(tmp_path, named):
    with pytest.raises(UserError, match="Put the published weights there"):
        find_weights(named, Project(tmp_path))
    (tmp_path / named).parent.mkdir(parents=True)
    (tmp_path / named).write_bytes(b"weights")
    assert find_weights(named, Project(tmp_path)) == tmp_path / named


def test_a_folder_of_transformers_stands_for_its_weights(tmp_path):
    folder = tmp_path / "published" / "dac"
    folder.mkdir(parents=True)
    with pytest.raises(UserError, match="does not exist"):
        find_weights("published/dac", Project(tmp_path))
    (folder / "pytorch_model.bin").write_bytes(b"weights")
    assert find_weights("published/dac", Project(tmp_path)).name == "pytorch_model.bin"
    (folder / "model.safetensors").write_bytes(b"weights")
    assert find_weights("published/dac", Project(tmp_path)).name == "model.safetensors"
