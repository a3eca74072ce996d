"""Which file of the folder a table means by a name; no other file is ever opened."""

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

from attrs import define, field

from engine.corpus.layouts.files import Files, Kind
from engine.corpus.layouts.passed_over import PassedOverTally
from engine.corpus.layouts.tails import Tails, same_form

_LEAVES = "it leaves the corpus folder, and is not read"
_OTHER_FOLDERS = "names in a table whose folders are not the files' own"
_OTHER_FORM = "names in a table whose case or Unicode form is not the files' own"
_OTHER_SUFFIX = "names in a table whose suffix is not the files' own"
_AS_ADDRESS = "names in a table that are written as in an address"
_ROOT = re.compile(r"\A(([A-Za-z]:)?/+|[A-Za-z]:)")

Start = tuple[str, ...]
"""The folders with which a name begins that are not the files' own; the first is `/` or `.`."""


@define(kw_only=True)
class Finder:
    """Looks up a table's files among those of the folder.

    A name is a path from the table's folder or the corpus folder, or from one of `below` in
    either; its suffix may be missing, and backslashes count as slashes. An absolute path counts
    where it lies in the corpus folder.

    Where no file is there, the name means the file that alone has the longest end of its path,
    whatever its case, Unicode form or suffix: tables are written in other places, and for files
    that were converted since. Folders are left out at the start alone, and no more of them for
    one name than for others that start so: `spk1/1.wav` is not `spk2/1.wav`.
    """

    files: Files
    table: str
    below: Sequence[str] = ("",)
    tally: PassedOverTally
    """Counts names that are written otherwise than the file's."""
    _starts: set[Start] = field(factory=set, init=False)

    def learn(self, names: Iterable[str]) -> None:
        """Find out with which folders the table's names start, from some of them."""
        for name in names:
            if self._at_its_place(name):
                self._starts.add(_start(name, _parts(name.removesuffix(self._relative(name)))))
            elif name and "://" not in name:
                paths, length = self._tails.find(_parts(name), self._folder)
                if len(paths) == 1:
                    self._starts.add(_start(name, _parts(name)[:-length]))

    def find(self, name: str, *, is_counted: bool = True) -> tuple[str, Kind] | None:
        """The file's path inside the corpus, and what it is; None where there is none."""
        found = self._at_its_place(name)
        if found:
            return found
        paths = self._by_its_end(name)
        if len(paths) != 1:
            return self._as_address(name, is_counted=is_counted)
        difference = _difference(name, paths[0]) if is_counted else None
        if difference:
            self.tally.add(difference, f"{name} is {paths[0]}")
        return paths[0], "audio"

    def _as_address(self, name: str, *, is_counted: bool) -> tuple[str, Kind] | None:
        """`file:///data/my%20clip.wav` is /data/my clip.wav (Label Studio, playlists)."""
        plain = unquote(name.removeprefix("file://"))
        found = self.find(plain, is_counted=False) if plain != name else None
        if found and is_counted:
            self.tally.add(_AS_ADDRESS, f"{name} is {found[0]}")
        return found

    def why_not(self, name: str) -> str:
        """Why a name was not found, in words."""
        if "://" in name:
            return "it is an address, and nothing is fetched"
        paths = self._by_its_end(name)
        if len(paths) > 1:
            return f"several files end so, {paths[0]} and {paths[1]} among them"
        return _LEAVES if any(map(_leaves, self._places(name))) else "not there"

    def _at_its_place(self, name: str) -> tuple[str, Kind] | None:
        for inside in self._places(name):
            found = None if _leaves(inside) else self.files.find(inside)
            if found:
                return found
        return None

    def _by_its_end(self, name: str) -> list[str]:
        if not name or "://" in name:
            return []
        parts = _parts(name)
        paths, length = self._tails.find(parts, self._folder)
        start = _start(name, parts[: len(parts) - length])
        shorter = any(start[:number] in self._starts for number in range(1, len(start)))
        return [] if shorter else paths

    def _places(self, name: str) -> list[str]:
        name = self._relative(name)
        if name.startswith("/"):
            return [".."]
        names = dict.fromkeys((name, name.replace("\\", "/")))  # tables are written on Windows too
        folders = dict.fromkeys((self._folder, ""))
        return [
            posixpath.normpath(posixpath.join(folder, below, each))
            for each in names
            for folder in folders
            for below in self.below
        ]

    def _relative(self, name: str) -> str:
        if name.startswith("/"):
            for root in self._roots:
                if name.startswith(f"{root}/"):
                    return name.removeprefix(f"{root}/")
        return name

    @property
    def _folder(self) -> str:
        return posixpath.dirname(self.table)

    @cached_property
    def _roots(self) -> tuple[str, str]:
        folder = self.files.folder
        return os.path.abspath(folder), os.path.realpath(folder)  # noqa: PTH100

    @cached_property
    def _tails(self) -> Tails:
        return self.files.tails()


def _parts(name: str) -> list[str]:
    """The folders of a path and its name, without a drive and without what leads upwards."""
    path = _ROOT.sub("", name.replace("\\", "/"), count=1)
    return [part for part in posixpath.normpath(path).split("/") if part not in ("", ".", "..")]


def _start(name: str, parts: Sequence[str]) -> Start:
    root = _ROOT.match(name.replace("\\", "/"))
    return ("/" if root else ".", *parts)


def _difference(name: str, path: str) -> str | None:
    """In which way a name is written otherwise than the end of its file's path; None: in none."""
    *folders, last = _parts(name)
    *own_folders, own = path.split("/")
    forms = {own, posixpath.splitext(own)[0]}
    ends = own_folders[len(own_folders) - len(folders) :] if folders else []
    if last in forms and folders == ends:
        return None
    if [*map(same_form, folders)] != [*map(same_form, ends)]:
        return _OTHER_FOLDERS
    return _OTHER_FORM if same_form(last) in map(same_form, forms) else _OTHER_SUFFIX


def _leaves(inside: str) -> bool:
    return inside == ".." or inside.startswith(("../", "/"))
