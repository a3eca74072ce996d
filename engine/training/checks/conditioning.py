"""Whether what a model is conditioned on reaches its losses, and differs from clip to clip."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch

from engine.training.checks.check import Check
from engine.training.checks.clips import Drawn
from engine.training.system import Batch

Losses = Callable[[Batch], Mapping[str, float]]
"""Every loss term of a batch, from the present weights and the same random choices."""

_NOISE, _ROUNDING = 10.0, 1e-7
"""A loss counts as moved by so many times its random change, plus so much rounding error."""
_FEWEST, _BATCHES = 4, 3
"""Clips of a batch, and batches, from which equal entries in all batches are no chance."""
_LONG = 16
"""Numbers from which an entry of a clip is more than a label, which many clips may share."""


def conditioning_checks(
    groups: Sequence[str | tuple[str, ...]], batch: Batch, drawn: Drawn, losses: Losses
) -> Iterator[Check]:
    """One check for each group of entries that only make sense together."""
    for group in groups:
        names = (group,) if isinstance(group, str) else group
        title = f"conditioning {' with '.join(names)}"
        swapped = {name: batch[name].roll(1, dims=0) for name in names}
        if kept := _kept(names, drawn):
            yield Check(title, False, kept)
        elif all(torch.equal(swapped[name], batch[name]) for name in names):
            yield _shared_check(title, names, drawn)
        else:
            before, again = losses(batch), losses(batch)
            yield _influence_check(title, before, again, losses({**batch, **swapped}))


def _kept(names: Sequence[str], drawn: Drawn) -> str | None:
    """A sentence where every batch has the entries of the first, which differ within it."""
    first, *others = drawn.batches
    others = [batch for batch in others if len(batch[names[0]]) == len(first[names[0]])]
    if len(first[names[0]]) < _FEWEST or len(others) < _BATCHES - 1:
        return None
    for name in names:
        differ = bool((first[name] != first[name][:1]).any())
        if differ and all(torch.equal(batch[name], first[name]) for batch in others):
            return f"{name} is that of the first batch in every other batch too"
    return None


def _is_one_a_batch(names: Sequence[str], drawn: Drawn) -> bool:
    """Whether no batch of several clips, of which there are some, differs within itself."""
    batches = [batch for batch in drawn.batches if len(batch[names[0]]) >= _FEWEST]
    alike = [all(bool((b[name] == b[name][:1]).all()) for name in names) for b in batches]
    return len(batches) >= _BATCHES and all(alike)


def _shared_check(title: str, names: Sequence[str], drawn: Drawn) -> Check:
    """What to say where the batch cannot show an influence: all its clips share the entries."""
    rows = [drawn.rows[name] for name in names]
    number = len(rows[0])
    if number > 1 and any(len({*of_entry}) > 1 for of_entry in rows):
        if _is_one_a_batch(names, drawn):
            said = "it is the same in all clips of each batch, and another in the next batch: that "
            return Check(title, False, f"{said}of one clip is used for the whole batch")
        return Check(title, True, "not checked: it is the same in all clips of the batch")
    if number == 1:
        return Check(title, True, "not checked: there is only one clip")
    said = f"it is the same in {number} clips, so that nothing can be learned from it"
    long = any(drawn.batches[0][name][0].numel() >= _LONG for name in names)
    return Check(title, False, said, "stop" if long else "warn")


def _influence_check(
    name: str, before: Mapping[str, float], again: Mapping[str, float], after: Mapping[str, float]
) -> Check:
    """Whether the swap has an effect: a loss changes more than when it is computed again."""
    moves = {
        term: abs(after[term] - value) / (abs(value) or 1.0)
        for term, value in before.items()
        if abs(after[term] - value) > _NOISE * abs(again[term] - value) + _ROUNDING * abs(value)
    }
    if not moves:
        said = "swapping it between clips changes no loss: it is not connected to the model"
        return Check(name, False, said)
    term = max(moves, key=lambda one: moves[one])
    said = f"swapping it between clips changes {term} by {moves[term]:.2g} of its value"
    return Check(name, True, said)
