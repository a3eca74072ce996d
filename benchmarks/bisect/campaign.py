"""The campaign: searches of each planted pair, a block of them in each piece."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.bisect.planted import NULL, PAIRS, Pair, planted
from engine.sweeps.bisection.evidence import weigh
from engine.sweeps.bisection.search import WRONG, Search
from engine.sweeps.bisection.trials import GOOD, Oracle, Trials

NUM_SEEDS = (6, 12)
"""Most seeds of a recipe."""
MOST_RUNS = 1000
BLOCKS, IN_BLOCK = 5, 10


def pieces() -> Iterator[dict[str, int]]:
    """Every piece: most seeds, pair, block. Pair -1 is the one of which no line does anything."""
    for block in range(BLOCKS):
        for num_seeds in NUM_SEEDS:
            for pair in (*range(len(PAIRS)), -1):
                yield {"num_seeds": num_seeds, "pair": pair, "block": block}


def run_piece(num_seeds: int, pair: int, block: int, repeats: int = IN_BLOCK) -> dict[str, Any]:
    """A block of searches of one pair, and the same lines tried one at a time."""
    random = np.random.default_rng([num_seeds, pair + 1, block])
    chosen = NULL if pair < 0 else PAIRS[pair]
    searches = [_search(chosen, num_seeds, random) for _ in range(repeats)]
    return {"num_seeds": num_seeds, "pair": pair, "block": block, "searches": searches}


def _search(pair: Pair, num_seeds: int, random: np.random.Generator) -> dict[str, Any]:
    lines, guilty, oracle = planted(pair, random)
    search = Search(lines, Trials(oracle, True, num_seeds, 1, MOST_RUNS, _silent))
    search.run()
    accused = {one.line for found in search.found for one in found.accusations if one.holds}
    alone = _one_at_a_time(lines, oracle, num_seeds)
    return {
        "begun": search.gate is not None and search.gate.is_worse,
        "hit": len(accused & guilty),
        "wrong": len(accused - guilty),
        "only_together": any(found.only_together for found in search.found),
        "runs": len(search.trials.done),
        "alone_hit": len(alone & guilty),
        "alone_wrong": len(alone - guilty),
    }


def _silent(sentence: str) -> None:
    """Print nothing."""
    del sentence


def _one_at_a_time(lines: Sequence[str], oracle: Oracle, num_seeds: int) -> set[str]:
    """The lines that are worse alone, each tried with all seeds; the chance is divided by lines."""
    good = [oracle.run(GOOD, seed) for seed in range(num_seeds)]
    found = set()
    for line in lines:
        runs = [oracle.run(frozenset([line]), seed) for seed in range(num_seeds)]
        if weigh(runs, good, lowest=True, chance=WRONG / len(lines)).is_worse:
            found.add(line)
    return found
