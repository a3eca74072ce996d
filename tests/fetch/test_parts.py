"""Weights in several files, files that not every place has, and weights in one form or another."""

import json

import pytest
from attrs import evolve

from engine.errors import UserError
from engine.fetch.catalogue import PublishedFile
from engine.fetch.fetch import fetch
from engine.fetch.source import source_at
from tests.fetch.test_fetch import ENTRY

INDEX, WHOLE, CHAT = "model.safetensors.index.json", "model.safetensors", "chat_template.jinja"
PARTS = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
SPLIT = evolve(
    ENTRY,
    files=(
        PublishedFile("small.json"),
        PublishedFile(CHAT, optional=True),
        PublishedFile(INDEX, optional=True, index=True),
        PublishedFile(WHOLE, optional=True),
    ),
    one_of=(WHOLE, INDEX),
)


def indexed(*names):
    return json.dumps({"weight_map": {f"w{n}": name for n, name in enumerate(names)}}).encode()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "published" / "toy"


@pytest.fixture
def put(place, folder):
    def put():
        said = []
        fetch(SPLIT, folder, source_at(place), said.append, lambda name: lambda done, size: None)
        return said

    return put


@pytest.fixture
def split(server):
    """The server has weights in two files, and no chat template."""
    server.files |= {INDEX: indexed(*PARTS, PARTS[0])} | {name: name.encode() for name in PARTS}
    return server


def test_the_files_that_an_index_names_are_brought_too(put, split, folder):
    put()
    assert [(folder / name).read_text() for name in PARTS] == PARTS
    assert not (folder / WHOLE).exists()


def test_what_a_place_lacks_and_may_lack_is_said(put, split):
    assert f"{CHAT} is not there, and can be done without." in put()


def test_with_the_parts_in_place_nobody_is_asked_for_what_was_lacking(put, split):
    put()
    split.looked_at.clear()
    (said,) = put()
    assert said.endswith("all 4 files are in place and unchanged.")
    assert split.looked_at == []


def test_a_part_that_is_missing_is_brought_again(put, split, folder):
    put()
    (folder / PARTS[1]).unlink()
    split.asked.clear()
    put()
    assert [name for name, _ in split.asked] == [PARTS[1]]


def test_weights_in_one_file_are_as_good(put, server, folder):
    server.files[WHOLE] = b"all"
    put()
    assert (folder / WHOLE).read_bytes() == b"all"


def test_no_weights_in_any_form_is_an_error_before_anything_is_brought(put, server, folder):
    with pytest.raises(UserError, match=rf"neither {WHOLE} nor {INDEX}: the weights of toy"):
        put()
    assert server.asked == []


def test_a_part_that_is_named_and_not_there_is_an_error(put, split):
    del split.files[PARTS[1]]
    with pytest.raises(UserError, match=rf"/{PARTS[1]} answers 404"):
        put()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/root.safetensors", "a/b.safetensors", ""])
def test_an_index_that_leads_out_of_its_folder_is_refused(put, server, name):
    server.files[INDEX] = indexed(PARTS[0], name)
    with pytest.raises(UserError, match=r"should name the files of weights .* beside it"):
        put()


@pytest.mark.parametrize(
    "content", [b"{}", b'{"weight_map": []}', b'{"weight_map": {}}', b"<html>"]
)
def test_an_index_that_names_nothing_is_refused(put, server, content):
    server.files[INDEX] = content
    with pytest.raises(UserError, match=INDEX):
        put()


def test_a_server_that_fails_is_not_taken_for_one_that_lacks_the_file(put, split):
    split.codes[CHAT] = 403
    with pytest.raises(UserError, match=rf"{CHAT}"):
        put()
