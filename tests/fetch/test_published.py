"""Published weights that are not there: the way to get them is named where there is one."""

import json

import pytest

from engine.errors import UserError
from engine.fetch.published import find_all_weights, find_weights
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
    with pytest.raises(UserError, match=r"holds no weights: neither model.safetensors nor"):
        find_weights("published/dac", Project(tmp_path))
    (folder / "pytorch_model.bin").write_bytes(b"weights")
    assert find_weights("published/dac", Project(tmp_path)).name == "pytorch_model.bin"
    (folder / "model.safetensors").write_bytes(b"weights")
    assert find_weights("published/dac", Project(tmp_path)).name == "model.safetensors"


def test_an_index_stands_for_itself_and_for_every_file_that_it_names(tmp_path):
    folder = tmp_path / "published" / "big"
    folder.mkdir(parents=True)
    names = ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"]
    index = {"weight_map": {"a": names[0], "b": names[1], "c": names[0]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / names[0]).write_bytes(b"weights")

    with pytest.raises(UserError, match=f"lacks 1 of the 2 files .* {names[1]}"):
        find_all_weights(["published/big"], Project(tmp_path))

    (folder / names[1]).write_bytes(b"weights")
    found = find_all_weights(["published/big"], Project(tmp_path))
    assert [path.name for path in found] == ["model.safetensors.index.json", *sorted(names)]


def test_a_folder_of_adapters_is_told_from_one_of_a_model(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")

    with pytest.raises(UserError, match=r"holds adapters \(LoRA\) and no model"):
        find_weights(".", Project(tmp_path))
