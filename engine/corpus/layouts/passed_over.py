"""Files of a folder that are left out though they are sound; each kind is counted."""

from attrs import define, field, frozen

NUM_EXAMPLES = 3


@frozen(kw_only=True)
class PassedOver:
    """Things of one kind that were found and are not used."""

    what: str
    """The kind, in the plural: "hidden files", "columns that are not used"."""
    number: int
    examples: tuple[str, ...] = ()
    """The first of them, as users know them: a path, a column and its table."""
    to_do: str = ""
    """What to do where they should be used, as a sentence without its full stop."""

    def __str__(self) -> str:
        more = ", ..." if self.number > len(self.examples) else ""
        examples = f" ({', '.join(self.examples)}{more})" if self.examples else ""
        to_do = f". {self.to_do}" if self.to_do else ""
        return f"{self.what}: {self.number:,}{examples}{to_do}"


class PassedOverTally:
    """Counts what is passed over, in memory that grows with the kinds alone.

    `files` are those that `add_file` has counted.
    """

    def __init__(self) -> None:
        self.files = set[str]()
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def add(self, what: str, example: str, *, to_do: str = "") -> None:
        """Count one thing of the kind `what`; the first few are kept as examples."""
        kind = self._kinds.setdefault((what, to_do), _Kind())
        kind.number += 1
        if len(kind.examples) < NUM_EXAMPLES:
            kind.examples.append(example)

    def add_file(self, what: str, path: str, *, to_do: str = "") -> None:
        """Count a file, which is then not counted by its suffix as well: for few files."""
        self.files.add(path)
        self.add(what, path, to_do=to_do)

    def all(self) -> tuple[PassedOver, ...]:
        """The kinds so far, in the order in which they were met."""
        return tuple(
            PassedOver(what=what, number=kind.number, examples=tuple(kind.examples), to_do=to_do)
            for (what, to_do), kind in self._kinds.items()
        )


@define
class _Kind:
    number: int = 0
    examples: list[str] = field(factory=list)


def found_instead(passed_over: tuple[PassedOver, ...]) -> str:
    """What a folder without audio holds, as the end of a sentence."""
    return f" (passed over: {'; '.join(map(str, passed_over))})" if passed_over else ""
