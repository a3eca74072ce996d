"""The published training setup, as recipe values, for `cantus diff RECIPE --upstream`.

Source: descriptinc/descript-audio-codec at c7cfc5d, conf/final/44khz.yml over conf/base.yml, and
its training script.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_ADAMW = {
    "kind": "adamw",
    "learning_rate": 1e-4,
    "betas": [0.8, 0.99],
    "epsilon": 1e-8,
    "weight_decay": 0.01,
}
_EXPONENTIAL = {"kind": "exponential", "gamma": 0.999996, "every": "step", "warmup_steps": 0}

SETUPS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "dac_44khz": {
            "dataset": {
                "sample_rate_hz": 44_100,
                "segment_seconds": 0.38,
                "crops": "salient",
                "level": {"kind": "loudness", "lufs": -16.0},
                "phase_rotation": "random",
                "channels": "mix",
                "upsampling": "allow",
                "num_eval_clips": 250,
            },
            "model": {
                "encoder_dim": 64,
                "encoder_rates": [2, 4, 8, 8],
                "latent_dim": None,
                "decoder_dim": 1536,
                "decoder_rates": [8, 8, 4, 2],
                "num_codebooks": 9,
                "codebook_size": 1024,
                "codebook_dim": 8,
                "quantizer_dropout": 0.5,
                "restart_below": 0.0,
                "discriminator": {
                    "periods": [2, 3, 5, 7, 11],
                    "stft_windows": [2048, 1024, 512],
                    "bands": [[0.0, 0.1], [0.1, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1.0]],
                    "loss": "least_squares",
                    "reduction": "sum",
                    "features": "sum",
                    "starts_at_step": 0,
                    "every_steps": 1,
                    "precision": "same",
                },
            },
            "losses": {
                "discriminator": 1.0,
                "adversarial": 1.0,
                "feature": 2.0,
                "mel": 15.0,
                "waveform": 0.0,
                "stft": 0.0,
                "commitment": 0.25,
                "codebook": 1.0,
                "balancer": None,
            },
            "optimizer": {
                "discriminator": {**_ADAMW, "clip_gradient_norm": 10.0},
                "generator": {**_ADAMW, "clip_gradient_norm": 1e3},
            },
            "schedule": {"discriminator": _EXPONENTIAL, "generator": _EXPONENTIAL},
            "training": {
                "epochs": None,
                "steps": 400_000,
                "batch_size": 72,
                "num_micro_batches": 1,
                "precision": "fp32",
                "ema_decay": None,
                "evaluate_every": "step:1000",
                "best": "eval/mel",
                "best_is": "lowest",
            },
        }
    }
)
"""By the name that a recipe's `upstream` gives; nested like a recipe, None where it has none."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "salient crops": "upstream takes a crop louder than -40 LUFS, here one above -40 dBFS RMS, "
        "which is much cheaper to know",
        "dataset.upsampling": "upstream resamples whatever it reads, and learns that high "
        "frequencies are silent where a file had none",
        "loudness": "upstream weighs by the filters of pyloudnorm's default, which are "
        "0.05 dB off the recommendation's at 44.1 kHz, and 0.2 dB at 8 kHz",
        "random phase": "upstream turns every bin of an STFT, here a whole crop is turned at once",
        "evaluation": "upstream evaluates crops of 5 s with the training transforms "
        "applied to the target too; here whole clips are evaluated, at one level and with their "
        "own phase",
        "model.quantizer_dropout": "conf/base.yml has 1.0, every final model 0.5; upstream's "
        "saved weights say it was off, whatever it was, and resuming from them turns it off",
        "model.discriminator.loss": "2.0 is the chance of a mean hinge and 0.5 that of mean least "
        "squares (4.0 summed over eight): a loss that stays there says that nothing is told "
        "apart, and not that discriminators are too small",
        "model.discriminator.reduction": "upstream sums over eight discriminators: averaged, the "
        "same weight counts an eighth",
        "model.discriminator.features": "upstream sums over 100 feature maps: a weight of 2 on the "
        "sum is one of 200 on the mean, and the first author's 10 on the mean is 20 times less",
        "losses.mel": "upstream's config says 15, and 100 is what the training function takes "
        "without one. The first author's 'reconstruction' of 0.1 is 150 times less if it is the "
        "mel loss, and no mel loss at all if it is that of the waveform",
        "losses.waveform": "upstream logs it and the STFT loss, and weighs neither: a large weight "
        "made its codec buzz; with few steps it is what finds the phase",
        "losses.commitment": "upstream weighs commitment a quarter of the codebook loss; the first "
        "author has one weight for both",
        "optimizer.generator.betas": "the paper says 0.9 for the second, the code 0.99",
        "training.epochs": "upstream counts steps; the first author counts epochs, whose length "
        "depends on the corpus",
        "training.evaluate_every": "whole clips at several bitrates cost more than one crop each",
        "init": "upstream asks for normal weights of 0.02, after weight normalisation, which puts "
        "its own back at the first step: what is in effect is PyTorch's default, and biases of 0 "
        "for Conv1d. Here it is the same, without the detour",
        "stride": "with an odd stride (16 and 24 kHz) upstream decodes 8 samples too few, and its "
        "own mel loss then fails: its configs of these rates do not train as released. Here every "
        "stride returns the length it was given",
        "discriminator weights": "upstream never released any: fine-tuning starts with fresh ones",
    }
)
"""Why a departure was made, by dotted path; a path that is no recipe value is a remark."""
