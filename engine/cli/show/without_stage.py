"""Notes on recipes that have no stage in dvc.yaml, and why."""

from collections.abc import Collection, Iterator, Mapping


def by_reason(left_out: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each reason, with the recipes that it holds for."""
    found: dict[str, list[str]] = {}
    for name, why in left_out.items():
        found.setdefault(why, []).append(name)
    for why, names in found.items():
        verb = "has" if len(names) == 1 else "have"
        yield f"{', '.join(names)} {verb} no stage in dvc.yaml: {why}"


def by_kind(left_out: Mapping[str, str], not_packed: Collection[str]) -> Iterator[str]:
    """Sentences as of `by_reason`, but one for all recipes whose corpus lacks their rate."""
    rates = [name for name in left_out if name in not_packed]
    if len(rates) < 2:
        yield from by_reason(left_out)
        return
    yield from by_reason({name: why for name, why in left_out.items() if name not in rates})
    yield (
        f"{len(rates)} recipes have no stage in dvc.yaml, because their corpus is not packed "
        f"at their rate: `cantus check RECIPE` says what to add: {', '.join(rates)}"
    )
