import io
import pickle
import resource

import attrs
import dac
import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.systems.codec.files.dac_file import DacFile, read_dac_file, write_dac_file


@pytest.fixture
def file():
    codes = np.random.default_rng(0).integers(0, 1024, (2, 3, 40)).astype(np.uint16)
    return DacFile(codes, 12_345, 22_050, np.array([-20.5, -31.0], np.float32), (1.5, 0.25))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "speech.dac"


def test_what_is_written_is_read(file, path):
    write_dac_file(file, path)
    found = read_dac_file(path)
    assert np.array_equal(found.codes, file.codes)
    assert np.array_equal(found.loudness, file.loudness)
    assert (found.num_samples, found.sample_rate_hz) == (12_345, 22_050)
    assert found.gains == (1.5, 0.25)


def test_upstream_reads_what_is_written(file, path):
    write_dac_file(file, path)
    theirs = dac.DACFile.load(path)
    assert np.array_equal(theirs.codes.numpy(), file.codes)
    assert (theirs.original_length, theirs.sample_rate, theirs.channels) == (12_345, 22_050, 2)
    assert theirs.padding is True
    assert theirs.chunk_length == 40
    assert np.array_equal(theirs.input_db, file.loudness)


def upstreams(file, **others):
    theirs = dac.DACFile(
        codes=torch.from_numpy(file.codes.astype(np.int64)),
        chunk_length=file.codes.shape[-1],
        original_length=file.num_samples,
        input_db=torch.tensor([-20.0]),
        channels=2,
        sample_rate=file.sample_rate_hz,
        padding=True,
        dac_version="1.0.0",
    )
    for name, value in others.items():
        setattr(theirs, name, value)
    return theirs


def test_what_upstream_writes_is_read(file, path):
    upstreams(file).save(path)
    found = read_dac_file(path)
    assert np.array_equal(found.codes, file.codes)
    assert found.gains is None
    assert found.loudness.tolist() == [-20.0]


def test_what_upstream_coded_in_windows_is_refused_with_a_way_out(file, path):
    upstreams(file, padding=False, chunk_length=10).save(path)
    with pytest.raises(UserError, match=r"in windows.*--win_duration"):
        read_dac_file(path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code was run",))


def saved(content):
    """What np.save makes of one object."""
    file = io.BytesIO()
    np.save(file, np.array(content, dtype=object), allow_pickle=True)
    return file.getvalue()


def hostile(file, change):
    metadata = {
        "input_db": np.array([-20.0], np.float32),
        "original_length": 12_345,
        "sample_rate": 22_050,
        "chunk_length": 40,
        "channels": 2,
        "padding": True,
        "dac_version": "1.0.0",
    }
    table = {"codes": file.codes, "metadata": metadata}
    change(table, metadata)
    return saved(table)


HOSTILE = {
    "code in metadata": lambda t, m: m.update(input_db=Bomb()),
    "code beside": lambda t, m: t.update(more=Bomb()),
    "a function": lambda t, m: t.update(codes=eval),
    "floats": lambda t, m: t.update(codes=np.zeros((2, 3, 40))),
    "objects": lambda t, m: t.update(codes=np.array([[1, "x"]], dtype=object)),
    "no codes": lambda t, m: t.update(codes=np.zeros((2, 3, 0), np.uint16)),
    "one axis": lambda t, m: t.update(codes=np.zeros(40, np.uint16)),
    "channels": lambda t, m: m.update(channels=3),
    "a length below 0": lambda t, m: m.update(original_length=-1),
    "a length in words": lambda t, m: m.update(original_length="long"),
    "a rate of 0": lambda t, m: m.update(sample_rate=0),
    "another version": lambda t, m: m.update(dac_version="9"),
    "no loudness": lambda t, m: m.pop("input_db"),
    "NaN": lambda t, m: m.update(input_db=np.array([np.nan], np.float32)),
    "a rate of 1": lambda t, m: m.update(sample_rate=1),
    "a rate beyond hearing": lambda t, m: m.update(sample_rate=10**9),
    "a length without end": lambda t, m: m.update(original_length=1 << 70),
    "too loud for any number": lambda t, m: m.update(input_db=np.array([3e38], np.float32)),
    "too quiet for any number": lambda t, m: m.update(input_db=np.array([-3e38], np.float32)),
    "infinitely quiet": lambda t, m: m.update(input_db=np.array([-np.inf], np.float32)),
    "gains beyond any number": lambda t, m: t.update(cantus={"gains": [1e-38, 1.0]}),
    "gains without end": lambda t, m: t.update(cantus={"gains": [1e300, 1.0]}),
    "gains of 0": lambda t, m: t.update(cantus={"gains": [0.0, 1.0]}),
    "a gain in words": lambda t, m: t.update(cantus={"gains": ["a", 1.0]}),
    "gains in lists": lambda t, m: t.update(cantus={"gains": [[1.0], [1.0]]}),
    "codes in lists": lambda t, m: t.update(codes=np.zeros((2, 3, 40), np.uint16).tolist()),
    "loudness in lists": lambda t, m: m.update(input_db=[-20.0]),
    "gains in words": lambda t, m: t.update(cantus={"gains": "ab"}),
    "no table": lambda t, m: t.update(metadata=[1]),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_runs_nothing_and_is_refused(file, path, change):
    path.write_bytes(hostile(file, change))
    with pytest.raises(UserError, match="damaged"):
        read_dac_file(path)


def doubled(number):
    """A list that holds another twice, and so on: 2 ** `number` numbers in a few bytes each."""
    value = [1.0, 1.0]
    for _ in range(number):
        value = [value, value]
    return value


def objects(value):
    array = np.empty(1, object)
    array[0] = value
    return array


BOMBS = {
    "codes": lambda t, m: t.update(codes=doubled(60)),
    "loudness": lambda t, m: m.update(input_db=doubled(60)),
    "gains": lambda t, m: t.update(cantus={"gains": doubled(60)}),
    "an array of lists": lambda t, m: t.update(codes=objects(doubled(60))),
}


@pytest.mark.parametrize("change", BOMBS.values(), ids=BOMBS.keys())
def test_lists_that_share_their_parts_are_not_spread_out(file, path, change):
    path.write_bytes(hostile(file, change))
    assert path.stat().st_size < 3_000
    with pytest.raises(UserError, match="damaged"):
        read_dac_file(path)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x04]r\xff\xff\xff\x7f.",  # an empty list, put at place 2147483647 of the memo
        b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b"1234.",  # a terabyte to come
        b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"1234.",
    ],
)
def test_no_more_memory_is_set_aside_than_a_file_can_fill(file, path, program):
    whole = hostile(file, lambda table, metadata: None)
    path.write_bytes(whole[: whole.index(b"\x80")] + program)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="damaged"):
        read_dac_file(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_the_hostile_files_are_refused_for_what_is_wrong_with_them(file, path):
    path.write_bytes(hostile(file, lambda table, metadata: None))
    assert np.array_equal(read_dac_file(path).codes, file.codes)


def rubbish(file):
    whole = saved({"codes": file.codes})
    return [b"", b"RIFF", whole[:60], whole[:-20], pickle.dumps(Bomb()), saved([1]), saved(Bomb())]


def test_rubbish_is_refused(file, path):
    plain = io.BytesIO()
    np.save(plain, np.zeros(4))
    for content in (*rubbish(file), plain.getvalue()):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            read_dac_file(path)


def test_every_changed_byte_gives_a_file_or_a_sentence(file, path):
    small = attrs.evolve(file, codes=file.codes[:, :1, :2])
    write_dac_file(small, path)
    whole = bytearray(path.read_bytes())
    refused = 0
    for place in range(0, len(whole), 3):
        changed = whole.copy()
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            read_dac_file(path)
        except UserError:
            refused += 1
    assert refused > len(whole) // 9


def test_a_missing_file_is_named(path):
    with pytest.raises(UserError, match=r"no file .*speech\.dac"):
        read_dac_file(path)
