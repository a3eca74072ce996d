"""Notes on recipes that have no stage in dvc.yaml, and why."""

from collections.abc import Iterator, Mapping


def by_reason(left_out: Mapping[str, str]) -> Iterator[str]:
    """A line for each reason, with the recipes that it holds for."""
    found: dict[str, list[str]] = {}
    for name, why in left_out.items():
        found.setdefault(why, []).append(name)
    for why, names in found.items():
        verb = "has" if len(names) == 1 else "have"
        yield f"note: {', '.join(names)} {verb} no stage in dvc.yaml: {why}"
