"""Checkpoints that somebody else wrote: another one is taken, or a sentence says what is wrong."""

import hashlib
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from engine.errors import UserError
from engine.training.checkpoint import (
    Checkpoint,
    find_damage,
    newest_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from tests.fuzz import examples

FILES = ("average.safetensors", "checksums.json", "optimizers.pt", "state.json",
         "weights.safetensors")  # fmt: skip


def write(folder: Path, step: int = 1) -> Path:
    weights = {"layer.weight": torch.ones(3, 4), "layer.bias": torch.zeros(3)}
    optimizers = {"turns": {"t": {"state": {0: torch.zeros(2)}, "param_groups": [{"lr": 0.1}]}}}
    write_checkpoint(Checkpoint({"step": step}, weights, dict(weights), optimizers), folder)
    return folder


def sign(folder: Path) -> None:
    """Make the checksums those of the files, as whoever wrote them would."""
    names = [path.name for path in folder.iterdir() if path.name != "checksums.json"]
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "checksums.json").write_text(json.dumps(sums))


def read(folder: Path) -> Checkpoint | str:
    """The checkpoint, or the error; the choice of the newest must come through as well."""
    assert newest_checkpoint(folder.parent) is not None
    try:
        return read_checkpoint(folder)
    except UserError as error:
        return str(error)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "older")
    return write(tmp_path / "newer", step=2)


@examples(300)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0), st.binary(max_size=9), st.integers(0, 30)), min_size=1,
             max_size=3),
    st.booleans(),
)  # fmt: skip
def test_any_file_changed_anywhere(tmp_path_factory, name, changes, signed):
    folder = tmp_path_factory.getbasetemp() / "changed" / "newer"
    if not folder.exists():
        write(folder.with_name("older"))
        write(folder, step=2)
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    content = whole[folder / name]
    for where, inserted, num_cut in changes:
        at = where % (len(content) + 1)
        content = content[:at] + inserted + content[at + num_cut :]
    (folder / name).write_bytes(content)
    if signed and name != "checksums.json":
        sign(folder)
    read(folder)
    for path, before in whole.items():
        path.write_bytes(before)


JSONS = {
    "empty": "",
    "null": "null",
    "list": "[]",
    "text": '"step"',
    "number": "1e999",
    "no step": "{}",
    "null step": '{"step": null}',
    "text step": '{"step": "1"}',
    "negative step": '{"step": -1}',
    "true step": '{"step": true}',
    "broken step": '{"step": 1.5}',
    "nan step": '{"step": NaN}',
    "list step": '{"step": [1]}',
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep table": '{"step":' * 50_000 + "1" + "}" * 50_000,
    "digits": '{"step": ' + "9" * 100_000 + "}",
    "half a pair": '{"step": 1, "a": "\\ud800"',
    "not utf-8": '{"step": 1}\udcff',
}


@pytest.mark.parametrize("name", ["state.json", "checksums.json"])
@pytest.mark.parametrize("text", JSONS.values(), ids=JSONS)
def test_json_of_another_kind(folder, name, text):
    (folder / name).write_bytes(text.encode(errors="surrogateescape"))
    if name == "state.json":
        sign(folder)
    assert isinstance(read(folder), str)
    assert newest_checkpoint(folder.parent) == folder.parent / "older"


@pytest.mark.parametrize(
    "name", ["../../x", "../older/state.json", "/etc/passwd", "", ".", "..", "a\0b", "x" * 5000]
)
def test_checksums_that_name_what_lies_elsewhere(folder, name):
    sums = json.loads((folder / "checksums.json").read_text())
    (folder / "checksums.json").write_text(json.dumps(sums | {name: "0" * 64}))
    assert "checksums.json" in read(folder)


@pytest.mark.parametrize("value", [None, 1, [], {}, "", "0" * 64, True])
def test_checksums_of_another_type(folder, value):
    sums = json.loads((folder / "checksums.json").read_text())
    (folder / "checksums.json").write_text(json.dumps(sums | {"state.json": value}))
    assert "state.json" in read(folder)


@pytest.mark.parametrize("missing", ["state.json", "weights.safetensors"])
def test_checksums_that_leave_out_a_file(folder, missing):
    sums = json.loads((folder / "checksums.json").read_text())
    del sums[missing]
    (folder / "checksums.json").write_text(json.dumps(sums))
    assert isinstance(read(folder), str)


def test_an_optimizer_state_that_no_checksum_covers_is_not_read(folder):
    sums = json.loads((folder / "checksums.json").read_text())
    del sums["optimizers.pt"]
    (folder / "checksums.json").write_text(json.dumps(sums))
    assert read(folder).optimizers == {}


@pytest.mark.parametrize("name", ["state.json", "weights.safetensors", "optimizers.pt"])
@pytest.mark.parametrize("place", ["folder", "pipe", "endless", "loop", "nowhere"])
def test_what_is_no_plain_file(folder, name, place):
    path = folder / name
    path.unlink()
    if place == "folder":
        path.mkdir()
    elif place == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"endless": "/dev/zero", "loop": path, "nowhere": "/nowhere"}[place])
    assert name in read(folder)


def _header(tensors: object, length: int | None = None, data: bytes = b"\0" * 60) -> bytes:
    text = tensors if isinstance(tensors, bytes) else json.dumps(tensors).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(dtype: object = "F32", shape: object = (3,), offsets: object = (0, 12)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        _header({}, length=2**63),
        _header({}, length=100_000_000),
        _header(b"[" * 50_000 + b"]" * 50_000),
        _header({"a": _tensor(offsets=(0, 2**60))}),
        _header({"a": _tensor(offsets=(12, 0))}),
        _header({"a": _tensor(offsets=(-12, 0))}),
        _header({"a": _tensor(), "b": _tensor()}),
        _header({"a": _tensor(), "b": _tensor(offsets=(4, 16))}),
        _header({"a": _tensor(shape=(2**40,))}),
        _header({"a": _tensor(shape=(2**62, 2**62))}),
        _header({"a": _tensor(shape=(-3,))}),
        _header({"a": _tensor(dtype="OBJECT")}),
        _header({"a": _tensor(dtype=None)}),
        _header({"a": None}),
        _header([]),
        _header({"a": _tensor(dtype="F8_E8M0", shape=(60,), offsets=(0, 60))}),
        _header({"a": _tensor(dtype="F4", shape=(120,), offsets=(0, 60))}),
        _header({"a": _tensor(dtype="U64", shape=(7,), offsets=(0, 56))}, data=b"\0" * 56),
    ],
)
def test_weights_with_a_header_that_lies(folder, content):
    (folder / "weights.safetensors").write_bytes(content)
    sign(folder)
    read(folder)


class Evil:
    """A pickle that would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("form", ["zip", "legacy", "bare", "tar", "inside"])
@pytest.mark.parametrize("name", ["optimizers.pt", "weights.safetensors"])
def test_a_pickle_with_right_checksums_runs_no_code(folder, tmp_path, form, name):
    owned, path = tmp_path / "owned", folder / name
    if form in ("zip", "legacy"):
        modern = form == "zip"
        torch.save({"turns": Evil(owned)}, path, _use_new_zipfile_serialization=modern)
    elif form == "inside":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Evil(owned)))
            archive.writestr("archive/version", "3\n")
            archive.writestr("archive/byteorder", "little")
    else:
        path.write_bytes((b"pickle\0" if form == "tar" else b"") + pickle.dumps(Evil(owned)))
    sign(folder)
    assert name in read(folder)
    assert not owned.exists()


def test_an_archive_that_would_grow_is_not_unpacked(folder):
    with zipfile.ZipFile(folder / "optimizers.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", b"\0" * 50_000_000)
    sign(folder)
    assert (folder / "optimizers.pt").stat().st_size < 100_000
    assert "optimizers.pt" in read(folder)


@pytest.mark.parametrize("content", [[], torch.zeros(3), "text", 3, None])
def test_an_optimizer_state_that_is_no_table(folder, content):
    torch.save(content, folder / "optimizers.pt")
    sign(folder)
    assert "optimizers.pt" in read(folder)


def test_tensors_of_other_types_are_read_as_they_are(folder):
    save_file({"layer.weight": torch.ones(2, dtype=torch.int8)}, folder / "weights.safetensors")
    sign(folder)
    assert read(folder).weights["layer.weight"].dtype is torch.int8


def test_what_is_whole_is_no_damage(folder):
    assert find_damage(folder) is None
    assert newest_checkpoint(folder.parent) == folder
