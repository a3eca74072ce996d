"""Whatever a table holds, the answer is a listing or a sentence."""

import contextlib
import gzip
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.corpus.layouts import list_files
from engine.errors import UserError

NAMES = [
    *("metadata.csv", "validated.tsv", "train.jsonl", "cuts.jsonl.gz", "a.json", "a.txt"),
    *("wav.scp", "x.trans.txt", "testing_list.txt", "prompts.txt", "txt.done.data"),
]
KEYS = [
    *("audio_filepath", "offset", "duration", "text", "speaker", "lang", "label", "id", "start"),
    *("messages", "role", "content", "type", "audio_url", "raw_audio", "misc", "channel"),
    *("recording", "supervisions", "sources", "channels", "source", "recording_id", "tracks"),
]
WORDS = ["a.wav", "a", "../a.wav", "/etc/passwd", "", "file", "audio", "assistant", "MonoCut", "\0"]

values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=3)
    | some.sampled_from(WORDS),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)
heads = some.sampled_from(
    [
        {"audio_filepath": "a.wav"},
        {"messages": [{"role": "assistant", "content": [{"type": "audio", "audio_url": "a"}]}]},
        {"recording": {"sources": [{"type": "file", "source": "a.wav"}]}, "supervisions": []},
        {"id": "r", "sources": [{"type": "file", "source": "a", "channels": [0, 1]}]},
    ]
)
rows = some.dictionaries(some.sampled_from(KEYS), values, min_size=1, max_size=8)
tables = some.lists(rows, min_size=1, max_size=4)
cells = some.lists(
    some.sampled_from([*WORDS, "path", "text", '"', "speaker", "\u202e"]) | some.text(max_size=3),
    max_size=5,
)
quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def check(name, content):
    with tempfile.TemporaryDirectory() as place:
        folder, scratch = Path(place, "mine"), Path(place, "scratch")
        folder.mkdir()
        (folder / "a.wav").write_bytes(b"RIFF")
        (folder / name).write_bytes(content)
        with contextlib.suppress(UserError):
            listing = list_files(folder, scratch, speaker_folders=True)
            candidates, missing = list(listing.candidates()), list(listing.missing())
            assert len({one.id for one in candidates}) == len(candidates)
            assert {one.path for one in candidates} <= {"a.wav", name}
            assert (len(candidates), len(missing)) == (listing.num_candidates, listing.num_missing)
        shutil.rmtree(folder)


@quick
@given(some.sampled_from(NAMES), some.binary(max_size=80))
def test_arbitrary_bytes(name, content):
    check(name, content)


@quick
@given(some.sampled_from(["train.jsonl", "cuts.jsonl.gz", "a.json"]), heads, tables)
def test_arbitrary_json(name, head, table):
    rows = [head, *({**head, **row} for row in table)]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    check(name, gzip.compress(content) if name.endswith(".gz") else content)


@quick
@given(
    some.sampled_from(["metadata.csv", "metadata_train.csv", "validated.tsv"]),
    some.sampled_from(["|", ",", "\t"]),
    some.lists(cells, max_size=4),
    some.booleans(),
)
def test_arbitrary_columns(name, delimiter, lines, headed):
    head = [["path", "text", "speaker"]] if headed else []
    text = "\n".join(delimiter.join(line) for line in [*head, *lines])
    check(name, text.encode("utf-8", "surrogatepass"))


@quick
@given(
    some.sampled_from(["wav.scp", "x.trans.txt", "testing_list.txt", "prompts.txt", "a.txt"]),
    some.lists(cells, max_size=4),
)
def test_arbitrary_lines_of_words(name, lines):
    text = "\n".join(" ".join(line) for line in lines)
    check(name, text.encode("utf-8", "surrogatepass"))
