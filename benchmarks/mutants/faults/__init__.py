"""The catalogue: every operator, by its name."""

from collections.abc import Mapping

from benchmarks.mutants.faults import (
    batches,
    corpora,
    networks,
    recipes,
    steps,
    tokens,
    unseen,
)
from benchmarks.mutants.operator import Operator

CATALOGUE: Mapping[str, Operator] = {
    one.name: one
    for module in (steps, recipes, batches, tokens, networks, corpora, unseen)
    for one in module.OPERATORS
}
