"""Alternative keys of a table: a recipe gives one, which replaces an inherited other one."""

from collections.abc import Iterable, Iterator

LENGTHS = frozenset({"epochs", "steps"})
STARTS = frozenset({"from", "weights"})
CODECS = frozenset({"from", "folder"})
WARMUPS = frozenset({"warmup_steps", "warmup_share"})
CONDITIONS = frozenset({"below", "above", "between", "plateau_steps", "gap"})
ALTERNATIVES = (LENGTHS, STARTS, CODECS, WARMUPS, CONDITIONS)


def instead_of(key: str) -> set[str]:
    """The keys that a key replaces where it is given."""
    return {one for group in ALTERNATIVES if key in group for one in group} - {key}


def given(table: object, keys: Iterable[str]) -> list[str]:
    """The keys, of some, to which a table gives a value."""
    return sorted(key for key in keys if getattr(table, key) is not None)


def exactly_one(table: object, keys: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The fault, for `cross_checks`, of a table that gives none or several of the keys."""
    found = given(table, keys)
    if len(found) != 1:
        got = " and ".join(found) or "none"
        yield "", f"give exactly one of {', '.join(sorted(keys))}; got {got}"
