"""The values of a sweep: `-S key=1,2,3`, `log(1e-4,1e-2,5)`, and points drawn at random."""

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import tomli
from attrs import frozen

from engine.errors import UserError

_GIVEN = re.compile(r"\s*([^=\s]+)\s*=(.*)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_NOTHING_BETWEEN = re.compile(r"(^|,)\s*(,|$)")
_RANGE = re.compile(r"(linear|log)\((.*)\)")
_DIGITS = 6
"""Digits of a number that a range makes."""
MOST_VALUES = 1000

Value = str
"""A value as written behind `-S key=`."""


@frozen
class Choice:
    """A key, and the values that it may have: a list, or a range."""

    key: str
    values: tuple[Value, ...]
    low: float | None = None
    high: float | None = None
    """Ends of a range, which random points are drawn from."""
    logarithmic: bool = False
    whole: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.low is None and len(self.values) == 1

    def draw(self, chance: random.Random) -> Value:
        """One value: of a list each is as likely, of a log range each factor is."""
        if self.low is None or self.high is None:
            return chance.choice(self.values)
        low, high = self.low, self.high
        if self.logarithmic:
            return self.written(math.exp(chance.uniform(math.log(low), math.log(high))))
        return self.written(
            chance.randint(int(low), int(high)) if self.whole else chance.uniform(low, high)
        )

    def written(self, value: float) -> Value:
        """A number as TOML."""
        return str(round(value)) if self.whole else f"{float(f'{value:.{_DIGITS}g}')!r}"


def read_choice(text: str) -> Choice:
    """Read `key=v1,v2,...`, `key=linear(low,high,n)` or `key=log(low,high,n)`.

    Raises UserError for any other text.
    """
    parts = _GIVEN.fullmatch(text)
    if parts is None or not _KEY.fullmatch(parts[1]):
        raise UserError(
            f"-S {text}: expected key=v1,v2,... with a key such as training.batch_size; names in "
            "quotes, as of a metric, cannot be swept over."
        )
    key, given = parts[1], parts[2].strip()
    ranged = _RANGE.fullmatch(given)
    if ranged:
        return _range(text, key, ranged[1] == "log", ranged[2])
    values = tuple(dict.fromkeys(_listed(text, given)))
    return Choice(key, values)


def grid(choices: Sequence[Choice]) -> Iterator[Mapping[str, Value]]:
    """Every combination of all values."""
    for values in product(*(choice.values for choice in choices)):
        yield dict(zip((choice.key for choice in choices), values, strict=True))


def drawn(choices: Sequence[Choice], number: int, seed: int) -> Iterator[Mapping[str, Value]]:
    """Points drawn at random, each only once; fewer where there are not enough."""
    chance, seen = random.Random(seed), set[tuple[str, ...]]()
    for _ in range(number * 100):
        values = tuple(choice.draw(chance) for choice in choices)
        if len(seen) < number and values not in seen:
            seen.add(values)
            yield dict(zip((choice.key for choice in choices), values, strict=True))


def _listed(text: str, given: str) -> list[Value]:
    """Values between commas, outside brackets and quotes."""
    parts = re.findall(r"(?:\[[^\]]*\]|\{[^}]*\}|\"[^\"]*\"|'[^']*'|[^,])+", given)
    values = [part.strip() for part in parts]
    if not all(values) or _NOTHING_BETWEEN.search(given):
        raise UserError(f"-S {text}: a value is missing. Write -S key=v1,v2,...")
    return values


def _range(text: str, key: str, logarithmic: bool, inside: str) -> Choice:
    kind = "log" if logarithmic else "linear"
    try:
        low, high, *more = tomli.loads(f"ends = [{inside}]")["ends"]
        (number,) = more or [2]
        sound = all(isinstance(end, int | float) for end in (low, high)) and low < high
        sound = sound and isinstance(number, int) and 2 <= number <= MOST_VALUES
    except (ValueError, TypeError):
        sound = False
    if not sound or (logarithmic and low <= 0):
        above = ", both above 0" if logarithmic else ""
        raise UserError(
            f"-S {text}: expected {kind}(low,high,n) with low below high{above} and n values, 2 to "
            f"{MOST_VALUES:,}."
        )
    whole = isinstance(low, int) and isinstance(high, int)
    shares = [place / (number - 1) for place in range(number)]
    ends = Choice(key, (), low, high, logarithmic, whole)
    between = [low * (high / low) ** s if logarithmic else low + (high - low) * s for s in shares]
    values = tuple(dict.fromkeys(map(ends.written, between)))
    return Choice(key, values, low, high, logarithmic, whole)
