"""Words and numbers of a JSON object, as a table's rows need them."""

from typing import Any

from attrs import frozen

from engine.errors import UserError


class BadNumberError(Exception):
    """Where a number should be is something else, or one that no recording has."""


@frozen
class Facts:
    """An object of a table, and where it stands, for errors."""

    values: dict[str, Any]
    place: str
    """File and line."""

    def words(self, *names: str) -> str | None:
        """The first of several keys that holds words or a number; None where none does.

        Raises UserError where it holds something else.
        """
        for name in names:
            value = self.values.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return _clean(str(value), name, self.place) or None
            raise UserError(f"{self.place}: {name!r} is {_kind(value)}; text is allowed.")
        return None

    def number(self, name: str) -> float | None:
        """A time in seconds; None where the key is absent. Raises BadNumberError."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadNumberError(f"{self.place}: {name} is {_kind(value)}, and no time in seconds")
        if not abs(value) <= _LONGEST_SECONDS:
            raise BadNumberError(f"{self.place}: {name} is no finite time, or one of ten years")
        return float(value)

    def seconds(self, name: str) -> float | None:
        """A time in seconds, not below 0; None where it is missing."""
        value = self.number(name)
        if value is not None and value < 0:
            raise BadNumberError(f"{self.place}: {name} is {value:g} s, below 0")
        return value

    def part(self) -> tuple[float, float | None, str | None]:
        """Which seconds of a file are meant, and a sentence where these are no times.

        From `offset` on, for `duration`, which without an offset is the file's own length and cuts
        nothing.
        """
        try:
            offset, duration = self.seconds("offset"), self.seconds("duration")
        except BadNumberError as error:
            return 0.0, None, str(error)
        return (0.0, None, None) if offset is None else (offset, duration, None)

    def inside(self, name: str) -> "Facts":
        """An object inside this one; an empty one where it is absent. Raises UserError."""
        value = self.values.get(name)
        if value is None:
            return Facts({}, self.place)
        if not isinstance(value, dict):
            raise UserError(f"{self.place}: {name!r} is {_kind(value)}; an object is allowed.")
        return Facts(value, self.place)

    def each(self, name: str) -> list["Facts"]:
        """The objects of a list inside this one; empty where it is absent. Raises UserError."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise UserError(
                f"{self.place}: {name!r} is {_kind(value)}; a list of objects is allowed."
            )
        return [Facts(one, self.place) for one in value]


_LONGEST_SECONDS = 10 * 365 * 86_400


def _clean(text: str, name: str, place: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{place}: {name!r} holds half of a Unicode pair; mend it.") from error
    return text.strip()


def _kind(value: Any) -> str:
    words = {bool: "true or false", list: "a list", dict: "an object", str: "a text"}
    return words.get(type(value), "a number")
