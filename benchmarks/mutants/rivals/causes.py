"""By which words of other trainers a fault's right cause is known.

Their words are not Cantus's, for which the operators' expressions were written: these count
besides. They are as generous as can be, since what is measured is how much others notice.
"""

from collections.abc import Sequence

from benchmarks.mutants.operator import Operator

_ALWAYS = (r"\bnan\b", r"not finite", r"non-finite", r"\binf\b")
_NUMBERS = ("nan", "finite", "overflow", "rate_x1000")
"""Operators whose name has one of these make numbers that are not finite."""


def named_by(operator: Operator) -> Sequence[str]:
    """Expressions of which one must be found in what was said."""
    numeric = any(word in operator.name for word in _NUMBERS)
    return (*operator.named_by, *(_ALWAYS if numeric else ()))
