"""Whether a pickle is safe to read: its cost is counted before any object is made.

A pickle of 400 bytes can hold a tuple of two references to a tuple of two references and so on, of
which a hash takes 2^60 steps although nothing in it is code. This module follows which objects a
pickle would make of which others, without making any.
"""

import os
import pickletools
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

MOST_STEPS = 2_000_000
"""Largest number of steps of a pickle. Weights have some 50 for each tensor."""
_MOST_BYTES = 1 << 27
_MOST_DEEP = 100
_SHARED = 100
"""How many times its steps a pickle may hold when shared objects are counted repeatedly."""
_FREE = 100_000
_MOST_BITS = 4096
_MARK = -1
_KEPT = frozenset(["PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"])
_FETCHED = frozenset(["GET", "BINGET", "LONG_BINGET"])
_CHANGED = frozenset(["APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"])
"""Steps that put objects into existing ones."""
_PICKLE = "data.pkl"
_ARCHIVE = b"PK\x03\x04"
_END_OF_ARCHIVE = b"PK\x05\x06"
_END_BYTES = 22
"""Length of the end of an archive without a comment, as torch.save writes it."""
_OLD_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_OLD_PICKLES = 4
"""Pickles after the first in files of torch.save before release 1.6: a version, facts on the
machine, the saved object and the names of its storages, whose content follows."""


class UnboundedError(ValueError):
    """A pickle that would cost more than its length allows."""


def require_bounded(content: bytes | BinaryIO) -> None:
    """Follow a pickle to its end, from a file's present position, without loading anything.

    Raises UnboundedError where reading it, hashing what it holds, or going through it could take
    more than a hundred times its steps, and ValueError where it is not a pickle.
    """
    machine = _Machine()
    for number, (step, argument, _) in enumerate(pickletools.genops(content)):
        if number >= MOST_STEPS:
            raise UnboundedError("too many steps")
        machine.take(step, argument)
    if machine.num_written_out() > _FREE + _SHARED * machine.num_steps:
        raise UnboundedError("parts that are shared too often")


def require_bounded_file(path: Path) -> None:
    """Apply `require_bounded` to a file of torch.save.

    Raises UnboundedError where it would grow while it is unpacked, too: torch.save compresses
    nothing. Raises zipfile.BadZipFile, RuntimeError, ValueError and OSError where it is not such a
    file. The kind of file, and the place of its pickle, are found as torch.load does: a file may be
    an archive for one reader and an old pickle, or another archive, for another.
    """
    with path.open("rb") as file:
        head = file.read(len(_OLD_MAGIC))
        if head.startswith(_ARCHIVE):
            _require_bounded_archive(path)
            return
        if head != _OLD_MAGIC:
            raise ValueError("no file of torch.save")
        for _ in range(_OLD_PICKLES):
            require_bounded(file)


def _require_bounded_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise UnboundedError("compressed")
    if sum(part.file_size for part in parts) > path.stat().st_size:
        raise UnboundedError("larger inside than outside")
    names = [part.filename for part in parts]
    pickles = [part for part in parts if part.filename.rpartition("/")[2] == _PICKLE]
    is_plain = _is_all_of_its_file(path, parts)
    # torch takes names that differ in upper and lower case alone for one.
    if not is_plain or len(names) != len(set(map(str.lower, names))) or len(pickles) != 1:
        raise ValueError("no archive of torch.save")
    if pickles[0].file_size > _MOST_BYTES:
        raise UnboundedError("too many steps")
    require_bounded(_pickle_for_torch(path))


def _is_all_of_its_file(path: Path, parts: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether nothing precedes or follows an archive, where other readers look for one."""
    with path.open("rb") as file:
        file.seek(-_END_BYTES, os.SEEK_END)
        end = file.read()
    is_end = end.startswith(_END_OF_ARCHIVE) and end.endswith(b"\0\0")
    return is_end and min(part.header_offset for part in parts) == 0


def _pickle_for_torch(path: Path) -> bytes:
    """The pickle that torch.load reads of an archive."""
    from torch import _C  # most that import this module need no torch

    content: bytes = _C.PyTorchFileReader(str(path)).get_record(_PICKLE)
    return content


class _Machine:
    """A pickle machine with numbers in place of objects, which records what holds what."""

    def __init__(self) -> None:
        self.num_steps = 0
        self._parts: list[list[int]] = []
        """The objects that each made object holds."""
        self._stack: list[int] = []
        self._memo: dict[int, int] = {}

    def take(self, step: pickletools.OpcodeInfo, argument: Any) -> None:
        """Take the next step."""
        self.num_steps += 1
        name = step.name
        if name in _KEPT:
            self._put(len(self._memo) if argument is None else argument)
        elif name in _FETCHED:
            self._stack.append(self._memo[argument])
        elif name == "DUP":
            self._stack.append(self._stack[-1])
        elif name == "MARK":
            self._stack.append(_MARK)
        elif isinstance(argument, int) and argument.bit_length() > _MOST_BITS:
            raise UnboundedError("a number of too many digits")
        else:
            self._make(step)

    def num_written_out(self) -> int:
        """Number of held objects, each with all that it holds, as often as it is held."""
        sizes = _written_out(self._parts)
        return sum(sizes[part] for parts in self._parts for part in parts)

    def _put(self, place: int) -> None:
        if place > self.num_steps + len(self._memo):  # a list as long is set aside for it
            raise UnboundedError("a place far behind the others")
        if self._stack[-1] == _MARK:
            raise ValueError("a mark is kept")
        self._memo[place] = self._stack[-1]

    def _make(self, step: pickletools.OpcodeInfo) -> None:
        taken = self._taken(step)
        if _MARK in taken:
            raise ValueError("a mark is taken")
        if step.name in _CHANGED:
            changed = taken.pop()  # what was there first is taken last
            self._parts[changed].extend(taken)
            self._stack.append(changed)
            return
        for _ in step.stack_after:
            self._stack.append(len(self._parts))
            self._parts.append(taken)

    def _taken(self, step: pickletools.OpcodeInfo) -> list[int]:
        """The objects that a step takes off the stack, the uppermost first."""
        before, taken, pop = step.stack_before, [], self._stack.pop
        num_taken = len(before)
        if pickletools.markobject in before:
            num_taken = before.index(pickletools.markobject)
            while (one := pop()) != _MARK:
                taken.append(one)
        elif step.name == "POP" and self._stack[-1] == _MARK:
            return [pop()][:0]
        taken.extend(pop() for _ in range(num_taken))
        return taken


def _written_out(parts: list[list[int]]) -> list[int]:
    """For each object, its number of objects with all that it holds, counted repeatedly."""
    sizes, depths, opened = [0] * len(parts), [0] * len(parts), [False] * len(parts)
    for one in range(len(parts)):
        waiting = [one]
        while waiting:
            top = waiting[-1]
            if not sizes[top] and (missing := [part for part in parts[top] if not sizes[part]]):
                if opened[top]:
                    raise UnboundedError("something that holds itself")
                opened[top] = True
                waiting.extend(missing)
                continue
            waiting.pop()
            sizes[top] = 1 + sum(sizes[part] for part in parts[top])
            depths[top] = 1 + max((depths[part] for part in parts[top]), default=0)
            if depths[top] > _MOST_DEEP:
                raise UnboundedError("parts within parts, too deep")
    return sizes
