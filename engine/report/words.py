"""Figures and durations as people read them."""


def figure(value: float | None) -> str:
    """Write a number with four significant digits, whole ones with thousands separated."""
    if value is None:
        return "no number"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}"


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
