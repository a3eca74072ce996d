"""Whether gradients flow where losses look: from what is made, and back to what is put in."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.networks import Networks
from engine.training.system import Batch, PreflightBounds, Terms, Turn

_LEAST = 0.01
"""Share of an input's numbers with a gradient: those of a batch's minimum and maximum are fewer."""
_LOWERED, _FARTHEST = 0.01, 0.01
"""By how much audio is changed that fools discriminators better: so that the adversarial term falls
by this, at first order, and by no more than this share of the audio's norm."""
_WITH_GENERATOR = 0.5
"""Fall of a discriminator's loss over that of the adversarial term: -1 where it learns the
opposite (hinge loss), about 0 (least squares, while it guesses), 1 where it learns the same."""


def flow_checks(
    networks: Networks, turns: Sequence[Turn], batch: Batch, bounds: PreflightBounds, at: int
) -> Iterator[Check]:
    """Checks of one forward pass, in the step that follows `at` finished ones.

    Parameters get no gradient, and weights are not changed; buffers may be.
    """
    paths = bounds.paths
    module = networks.module
    device = next(module.parameters()).device
    moved = {name: tensor.to(device) for name, tensor in batch.items()}
    leaves = {name: moved[name].clone().requires_grad_(True) for name in paths}
    networks.let_gradients_flow(turns)
    module.begin(at)
    fooling: Tensor | None = None
    with torch.enable_grad():
        prepared = networks.call("prepare", {**moved, **leaves})
        for turn in turns:
            networks.let_gradients_flow([turn])
            terms: Terms = networks.call(turn.name, prepared)
            place = "" if len(networks.turns) == 1 else f"{turn.name}/"
            named = {f"{place}{name}": loss for name, loss in terms.losses.items()}
            for entry, term in paths.items():
                if term in named:
                    yield _input_check(entry, term, _gradient(named[term], leaves[entry]))
            if terms.generator_output is not None:
                yield _output_check(turn, terms)
                if bounds.adversarial in named:
                    fooling = _gradient(named[bounds.adversarial], terms.generator_output)
            if bounds.generated in prepared and not turn.averaged:
                made = prepared[bounds.generated] + 0.1 * _noise_like(prepared[bounds.generated])
                other: Terms = networks.call(turn.name, {**prepared, bounds.generated: made})
                yield _judged_check(turn, terms, other)
    if fooling is not None and bounds.generated in prepared:
        for turn in (one for one in turns if not one.averaged):
            yield _verdict_check(networks, turn, prepared, bounds.generated, fooling)


def _noise_like(tensor: Tensor) -> Tensor:
    """Normal noise in a tensor's shape, the same at every call."""
    random = torch.Generator().manual_seed(0)
    return torch.randn(tensor.shape, generator=random).to(tensor)


def _input_check(entry: str, term: str, gradient: Tensor | None) -> Check:
    name = f"gradients at {entry}"
    if gradient is not None and float((gradient != 0).float().mean()) > _LEAST:
        return Check(name, True, f"{term} has a gradient at the input of the model")
    said = f"{term} has no gradient at the input of the model: the path between is cut, by a "
    said += "detached tensor or a quantizer (codebook) without its straight-through copy"
    return Check(name, False, said)


def _output_check(turn: Turn, terms: Terms) -> Check:
    """Whether each term that compares what was made has a gradient there.

    Terms of other things, such as a codebook's, are connected to no part of it and are passed over
    where they have a gradient at all.
    """
    name = f"gradients at the output of {turn.name}"
    output = terms.generator_output
    assert output is not None
    cut = [
        term
        for term, loss in terms.losses.items()
        if not loss.requires_grad
        or ((found := _gradient(loss, output)) is not None and not bool(found.any()))
    ]
    if cut:
        said = f"{', '.join(cut)} has no gradient at what {turn.name} makes: it is detached, or "
        return Check(name, False, f"{said}hangs on something else")
    return Check(name, True, f"{len(terms.losses)} terms are connected")


def _judged_check(turn: Turn, terms: Terms, other: Terms) -> Check:
    """Whether a discriminator's loss depends on what was generated."""
    name = f"input of {turn.name}"
    if any(bool(other.losses[one] != loss) for one, loss in terms.losses.items()):
        return Check(name, True, "other generated audio gives another loss")
    said = "its loss is the same whatever is generated: it judges recordings on both sides, or "
    return Check(name, False, f"{said}nothing")


def _verdict_check(
    networks: Networks, turn: Turn, prepared: Batch, generated: str, fooling: Tensor
) -> Check:
    """Whether a discriminator's loss rises as generated audio fools it better."""
    name = f"verdicts of {turn.name}"
    audio, slope = prepared[generated].detach(), float(fooling.norm())
    if not slope:
        return Check(name, True, "not checked: the adversarial term has no gradient")
    size = min(_LOWERED / slope, _FARTHEST * float(audio.norm()))
    fell = size * slope
    nearer = audio - size * fooling.reshape(audio.shape) / slope
    change = _total(networks, turn, {**prepared, generated: nearer}) - _total(
        networks, turn, {**prepared, generated: audio}
    )
    said = f"where generated audio lowers the adversarial term by {fell:.2g}, its loss changes by "
    said += f"{change:+.2g}"
    if -change <= _WITH_GENERATOR * fell:
        return Check(name, True, said)
    why = "it learns what the generator learns, to call generated audio real: its recordings and "
    return Check(name, False, f"{said}: {why}the generated audio are swapped")


@torch.no_grad()
def _total(networks: Networks, turn: Turn, prepared: Batch) -> float:
    torch.manual_seed(0)  # the same random choices in both
    terms: Terms = networks.call(turn.name, prepared)
    return float(sum(terms.losses.values(), torch.zeros(())))


def _gradient(loss: Tensor, to: Tensor) -> Tensor | None:
    if not loss.requires_grad:
        return None
    (found,) = torch.autograd.grad(loss, to, retain_graph=True, allow_unused=True)
    return found
