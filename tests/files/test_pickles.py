"""Pickles that cost more than their length allows are refused before anything of them is made."""

import pickle
import random
import zipfile
from collections import OrderedDict
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.files.pickles import UnboundedError, require_bounded, require_bounded_file
from tests.fuzz import examples


def doubled(times, wrap=lambda left, right: (left, right), start=1):
    made = start
    for _ in range(times):
        made = wrap(made, made)
    return made


def nested(depth, wrap):
    made = wrap(0)
    for _ in range(depth):
        made = wrap(made)
    return made


CHAIN = b"\x80\x02K\x01q\x00" + b"".join(b"h%c\x86q%c" % (place, place + 1) for place in range(60))
"""A tuple of twice the same tuple, 60 deep: steps by hand, for pickle itself would hash it."""

HARMFUL = {
    "a key": b"\x80\x02}" + CHAIN[2:] + b"K\x01s.",
    "a member of a set": b"\x80\x04\x8f(" + CHAIN[2:] + b"\x90.",
    "a frozen set": b"\x80\x04(" + CHAIN[2:] + b"\x91.",
    "members of a set that is called": b"\x80\x02cbuiltins\nset\n]" + CHAIN[2:] + b"a\x85R.",
    "a key that a list led to first": b"\x80\x02](" + CHAIN[2:] + b"e}" + b"h\x3cK\x01s.",
    "lists": pickle.dumps(doubled(60, lambda left, right: [left, right], [])),
    "tables": pickle.dumps(doubled(60, lambda left, right: {0: left, 1: right}, {})),
    "many keys of a middling tuple": (
        b"\x80\x02" + CHAIN[2 : CHAIN.index(b"h\x0d")] + b"0}" + b"h\x0cK\x01s" * 3_000 + b"."
    ),
    "tuples within tuples": b"\x80\x02K\x01" + b"\x85" * 100_000 + b".",
    "lists within lists": b"\x80\x02" + b"]" * 1_000 + b"a" * 999 + b".",
    "a list that holds itself": b"\x80\x02]q\x00h\x00a.",
    "a long number": b"\x80\x02\x8b" + (4_000).to_bytes(4, "little") + b"\x01" * 4_000 + b".",
    "a far place of the memo": b"\x80\x04]r\xff\xff\xff\x7f.",
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
def test_what_would_take_for_ever_is_refused(content):
    with pytest.raises(UnboundedError):
        require_bounded(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"\x80\x02}",
        b"\x80\x02h\x07.",
        b"\x80\x02(q\x00.",
        b"\x80\x02a.",
        b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b"1234.",
        b"\x80\x02L" + b"1" * 5_000 + b"L\n.",
    ],
)
def test_what_is_no_pickle_is_a_fault_of_the_file(content):
    with pytest.raises((ValueError, LookupError)):
        require_bounded(content)


SOUND = {
    "names and numbers": {f"layer.{number}.weight": number for number in range(1_000)},
    "a generator's state": random.Random(0).getstate(),
    "a shared table": [{"rate": 0.1, "betas": (0.9, 0.99)}] * 50,
    "a deep table": nested(30, lambda inner: {"inner": inner}),
    "ordered": OrderedDict((str(number), (number, number + 1)) for number in range(200)),
    "bytes": {"codes": b"x" * 100_000},
    "tuples as keys": {(number, str(number)): number for number in range(500)},
    "sets": [{1, 2, 3}, frozenset([4, 5])],
}


@pytest.mark.parametrize("value", SOUND.values(), ids=SOUND.keys())
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_sound_pickles_are_let_through(value, protocol):
    require_bounded(pickle.dumps(value, protocol))


def test_a_pickle_of_too_many_steps_is_not_followed_to_its_end():
    with pytest.raises(UnboundedError, match="steps"):
        require_bounded(b"\x80\x02" + b"N0" * 1_100_000 + b"N.")


WHOLE = pickle.dumps([SOUND["ordered"], SOUND["sets"], SOUND["a shared table"]], 2)


@examples(300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8))
def test_changed_bytes_end_in_an_error_of_the_file_or_are_let_through(changes):
    content = bytearray(WHOLE)
    for place, byte in changes:
        content[place] = byte
    with suppress(ValueError, LookupError, ArithmeticError):
        require_bounded(bytes(content))


# ---- archives ----


def archive(path, *parts, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in parts:
            file.writestr(name, content)
    return path


VERSION = ("a/version", b"3\n")
GOOD = pickle.dumps({"weight": 1})


def test_an_archive_is_held_to_the_same(tmp_path):
    require_bounded_file(archive(tmp_path / "a.pth", ("a/data.pkl", GOOD), VERSION))
    with pytest.raises(UnboundedError):
        require_bounded_file(archive(tmp_path / "a.pth", ("a/data.pkl", HARMFUL["a key"]), VERSION))


def test_the_pickle_that_torch_would_read_is_held_to_it(tmp_path):
    harmful = ("a/DATA.PKL", HARMFUL["a key"])
    for place in ("a/data.pkl", "b/data.pkl"):
        path = archive(tmp_path / "a.pth", VERSION, harmful, (place, GOOD))
        with pytest.raises(ValueError, match=r"no archive of torch|shared too often"):
            require_bounded_file(path)


def test_an_archive_behind_something_else_is_not_taken_for_it(tmp_path):
    behind = archive(tmp_path / "a.pth", ("a/data.pkl", GOOD), VERSION).read_bytes()
    torch.save({"weight": 1}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    old = (tmp_path / "old.pth").read_bytes()
    at = old.index(b"\x80\x02}")
    harmful = old[:at] + b"\x80\x02}" + CHAIN[2:] + b"K\x01s." + old[at:]
    other = archive(tmp_path / "b.pth", ("a/data.pkl", HARMFUL["a key"]), VERSION).read_bytes()
    for before, expected in ((harmful, "shared too often"), (other, "no archive of torch")):
        (tmp_path / "both.pth").write_bytes(before + behind)
        with pytest.raises(ValueError, match=expected):
            require_bounded_file(tmp_path / "both.pth")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_of_two_pickles_is_not_taken_for_the_other(tmp_path):
    for second in ("a/data.pkl", "b/data.pkl"):
        path = archive(tmp_path / "a.pth", ("a/data.pkl", GOOD), (second, GOOD))
        with pytest.raises(ValueError, match="no archive of torch"):
            require_bounded_file(path)


def test_an_archive_that_grows_is_refused(tmp_path):
    packed = zipfile.ZIP_DEFLATED
    path = archive(tmp_path / "a.pth", ("a/data.pkl", bytes(10**6)), compression=packed)
    with pytest.raises(UnboundedError, match="compressed"):
        require_bounded_file(path)
