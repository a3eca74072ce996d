"""The catalogue: every operator, by its name."""

from collections.abc import Mapping

from benchmarks.mutants.faults import steps
from benchmarks.mutants.operator import Operator

CATALOGUE: Mapping[str, Operator] = {
    one.name: one for module in (steps,) for one in module.OPERATORS
}
