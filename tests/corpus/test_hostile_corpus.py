"""Ingested corpora from elsewhere, changed anywhere: they open, or a sentence says why not."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus import Corpus, PackedAudio, ingest
from engine.corpus.account.explain import explain_clip
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import CorpusSource, Work
from tests.fuzz import examples

FILES = ("manifest.jsonl", "quarantine.jsonl", "report.json", "audio/16000/index.json")
ODD = st.sampled_from(
    [None, True, 0, -1, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "\0", "../../x",
     "/etc/passwd", "x" * 5000, "\x1b[2J\u202e", "\ud800", [], [[]], {}, {"a": 1}]
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A corpus of three clips and a file that is none."""
    project = Project(tmp_path_factory.mktemp("project"))
    data = project.root / "data" / "words"
    data.mkdir(parents=True)
    for number in range(3):
        tone = np.sin(np.arange(8_000) * (0.1 + number / 50)) / 2
        soundfile.write(data / f"{number}.wav", tone, 16_000)
    (data / "bad.wav").write_bytes(b"RIFF")
    source = CorpusSource(source="data/words", sample_rates_hz=(16_000,), at_most_bad=0.5)
    ingest("words", source, project, work=Work(num_workers=1))
    return project.corpus("words")


def use(folder: Path) -> None:
    """Everything that is done with a corpus; nothing but UserError may come out."""
    with suppress(UserError):
        corpus = Corpus.open(folder)
        clips, quarantined = list(corpus.manifest.clips), list(corpus.manifest.quarantined)
        assert all(row.path for row in [*clips, *quarantined])
        packed = corpus.packed(16_000)
        for index in range(len(packed)):
            assert len(packed.read(index)) == packed.lengths[index]
        packed.verify()
    for name in ("0", "bad.wav", "none"):
        with suppress(UserError):
            assert explain_clip(folder, name).replace("\n", "").isprintable()


def _restore(folder: Path, whole: Path) -> Path:
    if not folder.exists():
        shutil.copytree(whole, folder)
    for path in whole.rglob("*"):
        if path.is_file():
            (folder / path.relative_to(whole)).write_bytes(path.read_bytes())
    return folder


@examples(150)
@given(
    st.sampled_from([*FILES, "audio/16000/index"]),
    st.lists(st.tuples(st.integers(0), st.binary(max_size=9), st.integers(0, 30)), min_size=1,
             max_size=3),
)  # fmt: skip
def test_any_file_changed_anywhere(whole, tmp_path_factory, name, changes):
    folder = _restore(tmp_path_factory.getbasetemp() / "bytes", whole)
    path = next(folder.glob(f"{name}*")) if name.endswith("index") else folder / name
    content = path.read_bytes()
    for where, inserted, num_cut in changes:
        at = where % (len(content) + 1)
        content = content[:at] + inserted + content[at + num_cut :]
    path.write_bytes(content)
    use(folder)


@examples(250)
@given(st.sampled_from(FILES), st.integers(0, 3), st.integers(0, 60), ODD)
def test_any_value_replaced(whole, tmp_path_factory, name, line, place, odd):
    folder = _restore(tmp_path_factory.getbasetemp() / "values", whole)
    text = (folder / name).read_text()
    rows = text.splitlines() if name.endswith("l") else [text]
    line %= len(rows)
    rows[line] = json.dumps(_set(json.loads(rows[line]), place, odd))
    (folder / name).write_text("\n".join(rows) + "\n")
    use(folder)


def _set(tree, place, value):
    counter = iter(range(10_000))

    def walk(node):
        if next(counter) == place:
            return value
        if isinstance(node, dict):
            return {key: walk(inner) for key, inner in node.items()}
        return [walk(inner) for inner in node] if isinstance(node, list) else node

    return walk(tree)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", ["", "null", "[]", "1", "[" * 100_000, '{"a":' * 50_000, "\xff"])
def test_files_of_another_form(whole, tmp_path, name, text):
    folder = _restore(tmp_path / "words", whole)
    (folder / name).write_bytes(text.encode("latin-1"))
    use(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["folder", "loop", "missing"])
def test_what_is_no_plain_file(whole, tmp_path, name, kind):
    path = _restore(tmp_path / "words", whole) / name
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    use(tmp_path / "words")


@pytest.mark.parametrize(
    "name",
    [
        "../0.pcm",
        "/etc/passwd",
        "a\0",
        "",
        "..",
        "x" * 5000,
    ],
)
def test_shards_that_lie_elsewhere(whole, tmp_path, name):
    folder = _restore(tmp_path / "words", whole) / "audio" / "16000"
    facts = json.loads((folder / "index.json").read_text())
    (folder.parent / "0.pcm").write_bytes(os.urandom(facts["shards"][0]["bytes"]))
    facts["shards"][0]["name"] = name
    (folder / "index.json").write_text(json.dumps(facts))
    with pytest.raises(UserError):
        PackedAudio.open(folder)
