"""Files of torch.save that anybody may have written."""

import os
import pickle
import zipfile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.training.safe_load import load_saved, load_state
from tests.files.test_pickles import CHAIN
from tests.fuzz import examples


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def refused(path):
    with pytest.raises(UserError) as caught:
        load_saved(path)
    return str(caught.value)


def saved(content, path):
    torch.save(content, path)
    return path


def test_tensors_and_plain_values_come_back(path):
    weight = torch.arange(6.0).reshape(2, 3)
    state = load_state(saved({"weight": weight, "tied": weight, "rate": 0.1}, path))
    assert torch.equal(state["weight"], weight)
    assert state["rate"] == 0.1


def test_so_they_do_from_files_of_older_releases(path):
    weight = torch.arange(6.0).reshape(2, 3)
    torch.save({"weight": weight}, path, _use_new_zipfile_serialization=False)
    assert torch.equal(load_state(path)["weight"], weight)
    assert torch.equal(load_saved(path, mapped=True)["weight"], weight)
    content = path.read_bytes()
    at = content.index(b"\x80\x02}")
    path.write_bytes(content[:at] + b"\x80\x02}" + CHAIN[2:] + b"K\x01s." + content[at:])
    assert "reading it could take for ever" in refused(path)


def test_a_key_that_would_be_hashed_for_ever_is_refused(path):
    torch.save({"weight": torch.zeros(1)}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            is_pickle = name.endswith("data.pkl")
            archive.writestr(name, b"\x80\x02}" + CHAIN[2:] + b"K\x01s." if is_pickle else content)
    assert "reading it could take for ever (parts that are shared too often)" in refused(path)


def test_a_tensor_that_repeats_its_numbers_is_refused(path):
    saved({"weight": torch.zeros(1).expand(10**6, 10**6)}, path)
    assert "of shape [1000000, 1000000] in only 4 bytes" in refused(path)
    assert path.stat().st_size < 5_000


def test_many_tensors_over_the_same_numbers_are_refused(path):
    shared = torch.zeros(10_000)
    saved({f"layer.{number}": shared.reshape(100, 100) for number in range(200)}, path)
    assert "holds tensors of 8,000,000 bytes" in refused(path)


def test_tensors_of_no_plain_form_are_refused(path):
    huge = torch.sparse_coo_tensor(
        torch.zeros(2, 1, dtype=torch.long), [1.0], (10**9, 10**9), check_invariants=True
    )
    assert "cannot be read safely" in refused(saved({"weight": huge}, path))


def test_a_whole_module_is_refused_without_being_run(path, tmp_path):
    assert "torch.nn.modules.linear.Linear, which would run as code" in refused(
        saved(torch.nn.Linear(2, 2), path)
    )

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    assert "would run as code" in refused(saved({"weight": Evil()}, path))
    path.write_bytes(pickle.dumps(Evil()))
    assert "cannot be read safely" in refused(path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: the download failed"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "'git lfs pull'"),
        (b"\n<!DOCTYPE html><html><title>Sign in</title>", "is a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a web page"),
        (b'{"error": "Repository not found"}', "is a text file (JSON)"),
        (b"PK\x03\x04" + bytes(500), "is truncated: its end is missing"),
        (b"no weights at all", "cannot be read safely"),
    ],
)
def test_what_is_no_weights_is_called_what_it_is(path, content, said):
    path.write_bytes(content)
    assert said in refused(path)


def test_a_folder_and_a_missing_file_are_named(path, tmp_path):
    assert "There are no weights at" in refused(path)
    assert "is a folder" in refused(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.pth"
    tensors = {f"layer.{number}.weight": torch.ones(2, 2) for number in range(3)}
    torch.save({"state": tensors, "rate": 0.1, "steps": [1, 2]}, path)
    return path.read_bytes()


@examples(120)
@given(data=st.data())
def test_a_changed_file_is_read_or_refused_with_a_sentence(whole, tmp_path_factory, data):
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.pth"
    path.write_bytes(content[: data.draw(st.sampled_from([None, len(whole) // 2, len(whole) - 9]))])
    try:
        load_saved(path)
    except UserError:
        return
