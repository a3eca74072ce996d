"""Parquet files become audio files with a table beside, which is read as any other."""

import io
import json
import sys

import numpy as np
import pytest
import soundfile

from engine.corpus.layouts import list_files
from engine.corpus.parquet import unpack_parquet
from engine.corpus.unpacked import unpacked
from engine.errors import UserError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def audio(hz, format_="WAV", rate=16_000):
    samples = 0.5 * np.sin(2 * np.pi * hz * np.arange(rate // 2) / rate)
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format=format_)
    return content.getvalue()


def write(path, metadata=None, row_group_size=2, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if metadata:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    pq.write_table(table, path, row_group_size=row_group_size)


@pytest.fixture
def look(tmp_path_factory):
    """What a folder with Parquet files holds once it is unpacked."""

    def read(folder):
        with unpacked(folder, tmp_path_factory.mktemp("build")) as taken:
            listing = list_files(taken, tmp_path_factory.mktemp("scratch"))
            for one in listing.candidates():
                soundfile.info(taken / one.path)
            return listing, list(listing.candidates()), list(listing.missing())

    return read


def test_audio_texts_speakers_and_lists_are_read(tmp_path, look):
    for part, hz in (("train", 300), ("validation", 400), ("test", 500)):
        write(
            tmp_path / "data" / f"{part}-00000-of-00001.parquet",
            audio=[{"bytes": audio(hz + number, "FLAC"), "path": "a.flac"} for number in range(3)],
            text=[f"one, {part}", 'two "quoted"\nlines', None],
            speaker_id=[7, 8, 8],
        )
    _, candidates, missing = look(tmp_path)
    assert missing == []
    assert {one.path: (one.text, one.speaker, one.listed) for one in candidates[:4]} == {
        "data/test-00000-of-00001/0000000_a.flac": ("one, test", "7", "test"),
        "data/test-00000-of-00001/0000001_a.flac": ('two "quoted" lines', "8", "test"),
        "data/test-00000-of-00001/0000002_a.flac": (None, "8", "test"),
        "data/train-00000-of-00001/0000000_a.flac": ("one, train", "7", "train"),
    }
    assert [one.listed for one in candidates[6:]] == ["eval"] * 3


def test_bytes_are_the_files_own(tmp_path):
    content = audio(300)
    write(tmp_path / "a.parquet", audio=[{"bytes": content, "path": "x/ű b.wav"}], text=["words"])
    unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")
    assert (tmp_path / "a" / "0000000_ű_b.wav").read_bytes() == content


def test_a_name_from_a_stranger_never_leaves_the_folder(tmp_path):
    paths = ["../../evil.wav", "..\\evil.wav", "..", "/etc/passwd", "\0.wav", "x" * 999 + ".wav"]
    cells = [{"bytes": audio(300), "path": path} for path in paths]
    write(tmp_path / "in" / "a.parquet", audio=cells, text=["words"] * len(cells))
    unpack_parquet(tmp_path / "in" / "a.parquet", tmp_path / "out" / "a")
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*.wav"))
    assert len(list((tmp_path / "out" / "a").iterdir())) == len(paths) + 1
    assert len(made) == 4


def test_samples_with_a_rate_become_a_file(tmp_path, look):
    cell = {"array": [0.0, 0.5, -0.25] * 1000, "sampling_rate": 22_050, "path": "a.mp3"}
    write(tmp_path / "a.parquet", audio=[cell], sentence=["words"])
    unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")
    samples, rate = soundfile.read(tmp_path / "a" / "0000000_a.wav", dtype="float32")
    assert (samples[:3].tolist(), len(samples), rate) == ([0.0, 0.5, -0.25], 3000, 22_050)


def test_bytes_without_a_name_and_in_a_plain_column_are_read(tmp_path, look):
    write(tmp_path / "a" / "one.parquet", audio=[{"bytes": audio(300), "path": None}], text=["one"])
    write(tmp_path / "a" / "two.parquet", wav=[audio(400)], text=["two"])
    _, candidates, missing = look(tmp_path / "a")
    assert [(one.path, one.text) for one in candidates] == [
        ("one/0000000", "one"),
        ("two/0000000", "two"),
    ]
    assert missing == []


def test_rows_without_audio_are_quarantined_by_their_line(tmp_path, look):
    cells = [{"bytes": audio(300), "path": "a.wav"}, None, {"bytes": None, "path": "gone.wav"}]
    write(tmp_path / "train.parquet", audio=cells, text=["a", "b", "c"])
    _, candidates, missing = look(tmp_path)
    assert [one.path for one in candidates] == ["train/0000000_a.wav"]
    assert [one.detail for one in missing] == [
        "named in train/metadata.csv line 4, but not there",
        "train/metadata.csv line 3 names no file",
    ]


def test_a_row_may_name_a_file_that_lies_beside(tmp_path, tone, look):
    tone(tmp_path / "wavs" / "a.wav")
    write(tmp_path / "train.parquet", audio=[{"bytes": None, "path": "wavs/a.wav"}], text=["a"])
    _, candidates, _ = look(tmp_path)
    assert [(one.path, one.text) for one in candidates] == [("wavs/a.wav", "a")]


def test_numbers_of_labels_are_their_names(tmp_path, look):
    label = {"names": ["yes", "no"], "_type": "ClassLabel"}
    cells = [{"bytes": audio(300 + number), "path": None} for number in range(3)]
    features = {"info": {"features": {"label": label}}}
    write(tmp_path / "a.parquet", features, audio=cells, label=[1, 0, 9], text=["a", "b", "c"])
    _, candidates, _ = look(tmp_path)
    assert [one.label for one in candidates] == ["no", "yes", "9"]


def test_a_table_without_audio_becomes_a_table_beside(tmp_path, tone, look):
    tone(tmp_path / "wavs" / "a.wav")
    write(tmp_path / "metadata.parquet", file_name=["wavs/a.wav"], text=["some, words"])
    listing, candidates, _ = look(tmp_path)
    assert [(one.path, one.text) for one in candidates] == [("wavs/a.wav", "some, words")]
    assert list(listing.tables()) == ["metadata.csv"]


def test_columns_of_lists_stay_empty(tmp_path):
    cells = [{"bytes": audio(300), "path": None}]
    write(tmp_path / "a.parquet", audio=cells, text=["a"], mel=[[0.5] * 9])
    unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")
    text = (tmp_path / "a" / "metadata.csv").read_text()
    assert text == "audio_file,text,mel\n0000000,a,\n"


def test_columns_inside_a_struct_are_columns(tmp_path, look):
    # As `datasets` makes of a WebDataset archive with `mp3` and `json` of each clip.
    cells = [{"bytes": audio(300 + number), "path": f"{number}.wav"} for number in range(2)]
    facts = [{"text": f"The words of {number}.", "speaker": "anna"} for number in range(2)]
    write(tmp_path / "a.parquet", wav=cells, json=facts, __key__=["a", "b"])
    _, candidates, _ = look(tmp_path)
    assert [(one.text, one.speaker) for one in candidates] == [
        ("The words of 0.", "anna"),
        ("The words of 1.", "anna"),
    ]


def test_samples_that_no_file_can_hold_are_a_row_without_a_file(tmp_path, look):
    cells = [{"array": [0.5] * 1000, "sampling_rate": rate} for rate in (16_000, -3)]
    write(tmp_path / "a.parquet", audio=cells, text=["one", "two"])
    _, candidates, missing = look(tmp_path)
    assert [one.text for one in candidates] == ["one"]
    assert [one.detail for one in missing] == ["a/metadata.csv line 3 names no file"]


def test_a_full_disk_is_no_damaged_file(tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    cells = [{"bytes": audio(300), "path": None}]
    write(tmp_path / "in" / "a.parquet", audio=cells, text=["a"])
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"in cannot be unpacked to .*: No space left on device"):
        unpacked(tmp_path / "in", tmp_path / "build").__enter__()
    assert list((tmp_path / "build").iterdir()) == []


def test_several_columns_of_audio_are_refused_unless_one_is_called_so(tmp_path):
    cells = [{"bytes": audio(300), "path": None}]
    write(tmp_path / "a.parquet", clean=cells, noisy=cells)
    with pytest.raises(UserError, match=r"2 columns of audio: clean, noisy"):
        unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")


@pytest.mark.parametrize("content", [b"", b"PAR1" + bytes(40) + b"PAR1", b"no Parquet" * 10])
def test_a_file_that_is_no_parquet_is_a_sentence(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"a.parquet cannot be read as Parquet: .*take it out"):
        unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")


def test_a_torn_file_is_a_sentence_and_leaves_nothing(tmp_path):
    cells = [{"bytes": audio(300 + number), "path": None} for number in range(8)]
    write(tmp_path / "in" / "a.parquet", audio=cells, text=["words"] * 8)
    path = tmp_path / "in" / "a.parquet"
    content = bytearray(path.read_bytes())
    content[100:5000] = b"\xff" * 4900
    path.write_bytes(content)
    taken = unpacked(tmp_path / "in", tmp_path / "build")
    with pytest.raises(UserError, match=r"cannot be read as Parquet"):
        taken.__enter__()
    assert list((tmp_path / "build").iterdir()) == []


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"pip install 'cantus\[parquet\]'"):
        unpack_parquet(tmp_path / "a.parquet", tmp_path / "a")


def test_a_folder_without_parquet_is_taken_as_it_is(tmp_path):
    with unpacked(tmp_path, tmp_path / "build") as taken:
        assert taken == tmp_path
    assert not (tmp_path / "build").exists()
