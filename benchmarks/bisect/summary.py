"""The results of the campaign as a table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.bisect.planted import NULL, PAIRS, Pair
from engine.listening.intervals import share_right

Row = Mapping[str, Any]
_HEAD = (
    "| most seeds | pair | begun | all guilty accused | one at a time | runs | one at a time "
    "| halvings |"
)


def summary(rows: Sequence[Row]) -> str:
    """Tables in Markdown: each pair, and wrong accusations of all searches."""
    searches: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        searches.setdefault((row["num_seeds"], row["pair"]), []).extend(row["searches"])
    lines = [_HEAD, "|---" * 8 + "|"]
    lines += [_line(key, found) for key, found in sorted(searches.items(), key=_place)]
    every = [one for found in searches.values() for one in found]
    begun = [one for one in every if one["begun"]]
    wrong, alone = (sum(one[name] > 0 for one in every) for name in ("wrong", "alone_wrong"))
    both = sum(one["wrong"] > 0 for one in begun)
    return "\n".join(
        [
            *lines,
            "",
            f"Searches: {len(every):,}, of which {len(begun):,} found the bad recipe to be worse.",
            f"A line without effect was accused in {share(wrong, len(every))} of all searches, in "
            f"{share(both, len(begun))} of those that began; one at a time in "
            f"{share(alone, len(every))}.",
            "",
        ]
    )


def share(number: int, total: int) -> str:
    """A share in percent with its interval (Clopper and Pearson, 1934)."""
    if not total:
        return "none of none"
    found = share_right(number, total)
    return f"{number / total:.1%} ({found.low:.1%} to {found.high:.1%}, {number} of {total:,})"


def _line(key: tuple[int, int], searches: Sequence[Row]) -> str:
    num_seeds, number = key
    pair = NULL if number < 0 else PAIRS[number]
    total, guilty = len(searches), len(pair.sizes)
    all_hit = sum(one["hit"] == guilty > 0 for one in searches)
    alone_hit = sum(one["alone_hit"] == guilty > 0 for one in searches)
    runs = sum(one["runs"] for one in searches) / total
    cells = [
        str(num_seeds),
        pair.name,
        f"{sum(one['begun'] for one in searches) / total:.0%}",
        *(_rates(pair, all_hit, alone_hit, total)),
        f"{runs:.0f}",
        str(num_seeds * (pair.num_lines + 1)),
        str(math.ceil(math.log2(pair.num_lines))),
    ]
    return f"| {' | '.join(cells)} |"


def _rates(pair: Pair, *numbers: int) -> Iterator[str]:
    *hits, total = numbers
    for number in hits:
        found = share_right(number, total)
        yield f"{number / total:.0%} ({found.low:.0%} to {found.high:.0%})" if pair.sizes else "-"


def _place(item: tuple[tuple[int, int], Sequence[Row]]) -> tuple[int, int]:
    (num_seeds, pair), _ = item
    return num_seeds, pair if pair >= 0 else len(PAIRS)
