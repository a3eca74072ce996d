"""Figures and durations as people read them."""

from collections.abc import Iterable, Sequence


def figure(value: float | None) -> str:
    """Write a number with four significant digits, whole ones with thousands separated."""
    if value is None:
        return "not finite"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}"


def figure_beside(value: float, limits: Iterable[float | None]) -> str:
    """Write a number with as many digits, at least 4, as show on which side of limits it lies."""
    others = [limit for limit in limits if limit is not None]
    for digits in range(4, 17):
        text = f"{value:.{digits}g}"
        if all(_side(float(text), limit) == _side(value, limit) for limit in others):
            return text
    return repr(value)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def duration(seconds: float) -> str:
    """Write a time in the two largest units that it fills."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def listed_in_words(names: Sequence[str], most: int = 3) -> str:
    """Names as a sentence lists them, the first few of many."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
