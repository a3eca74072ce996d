"""How much a fuzz test tries: few examples, always the same, or CANTUS_FUZZ at random."""

import os

from hypothesis import HealthCheck, settings


def examples(number: int) -> settings:
    """Settings of a test that tries `number` examples unless CANTUS_FUZZ says how many."""
    wanted = os.environ.get("CANTUS_FUZZ")
    return settings(
        max_examples=int(wanted or number),
        derandomize=wanted is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
