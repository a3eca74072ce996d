"""What a stage leaves: tables, files with their checksums, a folder that is put in whole."""

import pytest
from attrs import evolve

from engine.errors import UserError
from engine.features.cache import Features
from engine.features.prepared import Prepared, Table, write_prepared
from engine.files.lock import locked
from engine.project import Project

PREPARED = Prepared(
    clips=Table(
        ("id", "spoken"), [["a", "jó\tnapot\n"], ["b\udce9", "\N{RIGHT-TO-LEFT OVERRIDE}"]]
    ),
    quarantined=Table(("id", "reason"), []),
    figures=[],
)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def written(project, features, prepared=PREPARED):
    return write_prepared(prepared, features, "small", project)


def kept(features, text="x"):
    return features.file("tokens.txt", {"text": text}, lambda path: path.write_text(text))


def test_a_row_is_one_line_and_what_cannot_be_seen_is_written_out(project):
    place = written(project, Features(project.features))
    assert (place / "clips.tsv").read_bytes().decode() == (
        "id\tspoken\na\tjó\\tnapot\\n\nb\\xe9\t\\u202e\n"
    )
    assert (place / "quarantined.tsv").read_text() == "id\treason\n"


def test_the_files_that_were_used_lie_there_and_are_found_there_again(project):
    features = Features(project.features)
    for path in (kept(features), kept(features)):
        assert path.parent == project.features
    place = written(project, features)
    names = {"clips.tsv", "quarantined.tsv", path.name, path.with_suffix(".sha256").name}
    assert {path.name for path in place.iterdir()} == names
    again = Features(project.root / "elsewhere", [place])
    found = again.file("tokens.txt", {"text": "x"}, None)
    assert (found.parent, found.read_text()) == (place, "x")
    assert kept(again, "other").parent == again.folder


def test_what_was_there_is_replaced_as_a_whole_and_may_be_what_is_used(project):
    first = Features(project.features)
    kept(first, "old")
    kept(first, "stays")
    place = written(project, first)
    second = Features(project.features, [place])
    assert kept(second, "stays").parent == place
    table = evolve(PREPARED.clips, rows=[])
    written(project, second, evolve(PREPARED, clips=table))
    assert sorted(path.read_text() for path in place.glob("*.txt")) == ["stays"]
    assert (place / "clips.tsv").read_text() == "id\tspoken\n"


def test_a_failure_leaves_what_was_there(project):
    features = Features(project.features)
    path = kept(features)
    place = written(project, features)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    path.unlink()
    with pytest.raises(FileNotFoundError):
        written(project, features)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert [path.name for path in place.parent.iterdir()] == ["small"]


def test_two_processes_do_not_write_at_once(project):
    with (
        locked(project.features / "small", "busy"),
        pytest.raises(UserError, match="Another process is preparing small"),
    ):
        written(project, Features(project.features))
