"""The catalogue: every operator, by its name."""

from collections.abc import Mapping

from benchmarks.mutants.faults import (
    batches,
    corpora,
    networks,
    recipes,
    steps,
    tokens,
    unseen_batches,
    unseen_code,
    unseen_data,
)
from benchmarks.mutants.operator import Operator

_UNSEEN = unseen_code, unseen_batches, unseen_data
_MODULES = (steps, recipes, batches, tokens, networks, corpora, *_UNSEEN)

CATALOGUE: Mapping[str, Operator] = {
    one.name: one for module in _MODULES for one in module.OPERATORS
}
