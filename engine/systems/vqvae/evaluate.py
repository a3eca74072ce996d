"""The network's metrics over a whole evaluation set: no metric is a mean of batch means."""

from collections.abc import Mapping

import numpy as np
import torch
from attrs import frozen

from engine.metrics.codes import CodeEnergies, perplexity
from engine.systems.vqvae.data.dataset import VqvaeClips
from engine.systems.vqvae.errors import Coder, Errors, cell_means, errors_of, normalized_batches
from engine.systems.vqvae.training_module import VqvaeTrainingModule
from engine.training.system import Answer, AnswerKey

_SHARE_IN_USE = 0.01
_FEW = 4
"""Clips by which evaluation itself is checked."""


@frozen
class Evaluation:
    """Results of one pass over a set of clips."""

    errors: Errors
    losses: Mapping[str, float]
    """The quantizer's loss terms, means over clips."""
    energies: CodeEnergies
    order: np.ndarray
    """Codes [num_codes] in the order in which an export numbers them."""


@torch.no_grad()
def evaluate_clips(module: VqvaeTrainingModule, clips: VqvaeClips, batch_size: int) -> Evaluation:
    """Pass a set of clips through the networks as they are (the caller chooses evaluation mode)."""
    device = next(module.parameters()).device
    errors, losses = Errors(), dict[str, float]()
    energies = CodeEnergies(module.network.vq.num_codes)
    for mel_db, window in normalized_batches(clips, module.normalisation, batch_size):
        coded = module.network(window.normalize(mel_db).to(device))
        errors.add(mel_db, window, coded.reconstruction.float().cpu())
        energies.add(coded.quantized.indices.cpu().numpy(), cell_means(mel_db).numpy())
        for name, value in coded.quantized.losses.items():
            losses[name] = losses.get(name, 0.0) + float(value) * len(mel_db) / len(clips)
    order = module.network.vq.order_by(torch.from_numpy(energies.mean_db)).numpy()
    return Evaluation(errors, losses, energies, order)


def known_answers(module: VqvaeTrainingModule, clips: VqvaeClips) -> AnswerKey:
    """Known answers of the first clips: their own mel spectrograms, or others."""
    few = clips.only(np.arange(min(_FEW, len(clips))))

    def figures(answer: Answer) -> Mapping[str, np.ndarray]:
        if answer == "model":
            return evaluate_clips(module, few, _FEW).errors.per_clip
        return errors_of(_ANSWERS[answer], few, module.normalisation, _FEW).per_clip

    return AnswerKey(figures, {"reconstruction": (0.0, 1e-6), "rmse_db": (0.0, 1e-2)})


_ANSWERS: Mapping[Answer, Coder] = {
    "original": lambda mel: mel,
    "silence": lambda mel: torch.full_like(mel, float(mel.min())),
    "another": lambda mel: mel.roll(1, 0) if len(mel) > 1 else mel.flip(-1),
}


def metrics_of(
    evaluation: Evaluation, weights: Mapping[str, float], grid_rmse_db: float
) -> dict[str, float]:
    """The metrics that the recipe class declares as `eval/...`.

    `weights` are the recipe's loss weights, `grid_rmse_db` the error of the uniform grid.
    """
    errors, energies = evaluation.errors.metrics, evaluation.energies
    losses = {"reconstruction": errors["reconstruction"], **evaluation.losses}
    counts: np.ndarray = energies.counts
    metrics = {
        "reconstruction": errors["reconstruction"],
        "loss": sum(weights[name] * value for name, value in losses.items()),
        "rmse_db": errors["rmse_db"],
        "rmse_ratio_to_uniform_grid": errors["rmse_db"] / grid_rmse_db,
        "perplexity": perplexity(counts),
        "codes_used": float((counts > _SHARE_IN_USE * counts.sum()).sum()),
        "codes_seen": float((counts > 0).sum()),
        "order": energies.rank_correlation(evaluation.order),
    }
    return {f"eval/{name}": value for name, value in metrics.items()}
