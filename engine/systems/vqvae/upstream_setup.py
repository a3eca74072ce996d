"""The published training setup, as recipe values, for `cantus diff RECIPE --upstream`.

Source: dp-web4/HRM at 2e7d64f, the audio puzzle VQ-VAE's training script and its recorded history.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SETUPS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "audio_puzzle_vae": {
            "dataset": {
                "sample_rate_hz": 16_000,
                "clip_seconds": 1.0,
                "window": "first",
                "split": "random",
                "eval_share": 0.2,
                "num_train_clips": 50_000,
                "num_eval_clips": 10_000,
            },
            "model": {
                "kind": "puzzle",
                "latent_dim": 64,
                "normalisation": {"kind": "batch_min_max"},
                "quantizer": {"kind": "gradient", "num_codes": 10},
            },
            "losses": {"reconstruction": 1.0, "commitment": 0.25, "codebook": 1.0},
            "optimizer": {
                "autoencoder": {
                    "kind": "adam",
                    "learning_rate": 1e-3,
                    "betas": [0.9, 0.999],
                    "epsilon": 1e-8,
                    "weight_decay": 0.0,
                    "clip_gradient_norm": None,
                }
            },
            "schedule": {"autoencoder": {"kind": "constant", "warmup_steps": 0}},
            "training": {
                "epochs": 5,
                "steps": None,
                "batch_size": 64,
                "num_micro_batches": 1,
                "precision": "fp32",
                "ema_decay": None,
                "evaluate_every": "epoch:1",
                "best": "eval/loss",
                "best_is": "lowest",
            },
        }
    }
)
"""By the name that a recipe's `upstream` gives; nested like a recipe, None where it has none."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "dataset.split": "clips of one speaker lie on both sides of a random split",
        "model.normalisation.kind": "with batch min/max a clip's codes depend on its batch: of a "
        "clip encoded alone, 41 to 46 % of the cells get another code",
        "training.best": "the total loss follows the moving codebook terms, not the reconstruction",
        "seed": "the published run sets a seed for its split alone: weights and order were not "
        "reproducible",
        "corpus": "the published run replaced unreadable files by silence; here they are "
        "quarantined",
    }
)
"""Why a departure was made, by dotted path; a path that is no recipe value is a remark."""
