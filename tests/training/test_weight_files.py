import json

import pytest
import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file

from engine.errors import UserError
from engine.training.weight_files import read_weights

STATE = {f"layer.{number}.weight": torch.full((50,), float(number)) for number in range(5)}


def same(found):
    return found.keys() == STATE.keys() and all(
        torch.equal(found[name], value) for name, value in STATE.items()
    )


@pytest.fixture
def index(tmp_path):
    """Of three files."""
    save_torch_state_dict(STATE, tmp_path, max_shard_size=500)
    assert len(list(tmp_path.glob("model-*.safetensors"))) == 3
    return tmp_path / "model.safetensors.index.json"


def test_one_file_or_several_or_their_folder_are_read(index, tmp_path):
    assert same(read_weights(index))
    assert same(read_weights(tmp_path))

    save_file({"other": torch.zeros(1)}, tmp_path / "model.safetensors")
    assert read_weights(tmp_path).keys() == {"other"}, "one file that is whole comes first"


def test_pickles_are_read_in_several_files_too(tmp_path):
    names = {name: f"pytorch_model-{name[6]}.bin" for name in STATE}
    for name, file in names.items():
        torch.save({name: STATE[name]}, tmp_path / file)
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": names}))

    assert same(read_weights(tmp_path))


def test_a_file_that_the_index_names_and_that_is_missing_is_named(index, tmp_path):
    gone = sorted(tmp_path.glob("model-*.safetensors"))[1]
    gone.unlink()

    with pytest.raises(UserError, match=rf"lacks 1 of the 3 files of weights .*{gone.name}"):
        read_weights(index)


def test_a_file_of_another_download_is_named(index, tmp_path):
    one, other = sorted(tmp_path.glob("model-*.safetensors"))[:2]
    other.write_bytes(one.read_bytes())

    with pytest.raises(UserError, match=rf"{other.name} lacks 2 of the tensors that .*layer.2"):
        read_weights(index)


@pytest.mark.parametrize(
    "content",
    [[], {}, {"weight_map": {}}, {"weight_map": {"a": "../b"}}, {"weight_map": {"a": 1}}],
)
def test_an_index_that_is_damaged_or_leads_elsewhere_is_refused(index, content):
    index.write_text(json.dumps(content))

    with pytest.raises(UserError, match="is damaged"):
        read_weights(index)


def test_a_file_that_is_cut_is_refused(tmp_path):
    save_file(STATE, tmp_path / "whole")
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-100])

    with pytest.raises(UserError, match="is damaged"):
        read_weights(tmp_path / "cut")


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, torch.zeros(3)])
def test_a_pickle_of_anything_but_tensors_by_name_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "pytorch_model.bin")

    with pytest.raises(UserError, match="must hold a table of tensors by name"):
        read_weights(tmp_path)


def test_a_folder_without_weights_is_told(tmp_path):
    with pytest.raises(UserError, match=r"model.safetensors or pytorch_model.bin"):
        read_weights(tmp_path)
