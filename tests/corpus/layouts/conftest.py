"""Reads a folder's layout, whole: these folders are small."""

import json
from types import SimpleNamespace

import pytest

from engine.corpus.layouts import list_files


@pytest.fixture
def look(tmp_path_factory):
    """look(folder, speaker_folders=True): its listing, with everything in it as lists."""

    def read(folder, **settings):
        listing = list_files(folder, tmp_path_factory.mktemp("scratch"), **settings)
        candidates, missing = list(listing.candidates()), list(listing.missing())
        assert (len(candidates), len(missing)) == (listing.num_candidates, listing.num_missing)
        assert candidates == sorted(candidates, key=lambda one: (one.path, one.start_seconds))
        assert len({one.id for one in candidates}) == len(candidates)
        return SimpleNamespace(
            layout=listing.layout,
            tables=list(listing.tables()),
            candidates=candidates,
            paths=[one.path for one in candidates],
            ids=[one.id for one in candidates],
            missing=missing,
            reasons=[(one.path, one.reason) for one in missing],
            num_other_files=sum(one.number for one in listing.passed_over),
            passed_over={one.what: one for one in listing.passed_over},
        )

    return read


@pytest.fixture
def write_lines():
    """write_lines(path, {...}, {...}): a JSON object a line."""

    def write(path, *rows):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
