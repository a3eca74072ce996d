"""The line of each key in a TOML file: tomli gives values, not places."""

import re
from bisect import bisect_right

import tomli

from engine.recipe.faults import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SEPARATOR = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[^\s.=\[\]{}"\'#,]+')
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^\n,\]}#]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of every table, key and list item of a document that tomli accepts."""
    return _Scanner(text).scan()


class _Scanner:
    """Walks a valid document once, without checks: tomli has made them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {(): 1}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._num_tables: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _header(self) -> KeyPath:
        line, brackets = self._line(), 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self._keys()
        self.at += brackets
        return self._open_table(keys, line, repeated=brackets == 2)

    def _open_table(self, keys: list[str], line: int, *, repeated: bool) -> KeyPath:
        path: KeyPath = ()
        for depth, key in enumerate(keys, start=1):
            path += (key,)
            self.lines.setdefault(path, line)
            if repeated and depth == len(keys):
                self._num_tables[path] = self._num_tables.get(path, 0) + 1
            if path in self._num_tables:
                path += (self._num_tables[path] - 1,)
                self.lines.setdefault(path, line)
        self.lines[path] = line
        return path

    def _pair(self, table: KeyPath) -> None:
        line, path = self._line(), table
        for key in self._keys():
            path += (key,)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(_unquoted(self._take(_KEY)))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        first = self.text[self.at]
        if first == "[":
            self._list(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if first in "\"'" else _SCALAR)

    def _list(self, path: KeyPath) -> None:
        position = 0
        self.at += 1
        while not self._closed("]"):
            self.lines[(*path, position)] = self._line()
            self._value((*path, position))
            position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, bracket: str) -> bool:
        """Go to the next item of a list or inline table; True where there was no further item."""
        self._skip(_SEPARATOR)
        closed = self.text[self.at] == bracket
        self.at += closed
        return closed

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match, f"tomli accepted what the scanner cannot read at {self.at}"
        self.at = match.end()
        return match.group()

    def _line(self) -> int:
        return bisect_right(self._starts, self.at)


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    text: str = tomli.loads(f"key = {key}")["key"]
    return text
