"""The published training setup, as recipe values, for `cantus diff RECIPE --upstream`.

Source: recipes/ljspeech/xtts_v2/train_gpt_xtts.py of coqui-tts 0.28 and its `GPTTrainerConfig`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SETUPS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "xtts_v2": {
            "dataset": {
                "min_seconds": 0.5,
                "max_seconds": 11.6,
                "max_text_tokens": 200,
                "conditioning": "same_clip",
                "conditioning_seconds": [3.0, 6.0],
            },
            "model": {
                "kind": "published",
                "dropout": 0.1,
                "new_language": {"language": None, "num_tokens": None},
            },
            "freeze": {"parts": None, "layers": None},
            "adapters": {"rank": None, "alpha": None},
            "losses": {"mel_ce": 1.0, "text_ce": 0.01},
            "optimizer": {
                "gpt": {
                    "kind": "adamw",
                    "learning_rate": 5e-6,
                    "betas": [0.9, 0.96],
                    "epsilon": 1e-8,
                    "weight_decay": 0.01,
                    "decays": "weights",
                    "clip_gradient_norm": None,
                }
            },
            "schedule": {"gpt": {"kind": "constant", "warmup_steps": 0}},
            "training": {
                "batch_size": 252,
                "num_micro_batches": 84,
                "precision": "fp32",
                "ema_decay": None,
                "best": "eval/loss",
                "best_is": "lowest",
                "best_by": "value",
            },
        }
    }
)
"""By the name that a recipe's `upstream` gives; nested like a recipe, None where it has none."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "training.batch_size": "upstream asks for batches of at least 252: three clips, gradients "
        "of 84 such batches added up. The first author has three",
        "training.best": "upstream's loss adds a hundredth of the text's cross-entropy",
        "training.best_by": "upstream takes the lowest value; here an evaluation is better where "
        "the interval of its differences clip by clip says so",
        "optimizer.gpt.learning_rate": "upstream's milestones lie beyond 900,000 steps: its rate "
        "is constant in every fine-tuning",
        "adapters.rank": "upstream has no adapters: all of the GPT is learned",
        "model.new_language.language": "upstream has no way to add a language: others append "
        "tokens by a script, which draws their rows many times as large as trained ones are",
        "steps": "upstream counts batches of three as steps, here a step is an update",
        "targets": "with its default masking, upstream asks nothing of most codes of the last clip "
        "of a batch (indices are four times too large): 11 to 16 % of the codes of three clips, "
        "and with one clip sometimes of none at all, which is a loss of nan. Here every code is "
        "asked for",
        "epochs": "upstream draws clips with replacement: an epoch hears 63 % of them. Here an "
        "epoch is one pass over all",
        "conditioning": "upstream pads excerpts to six seconds with silence, which is heard; here "
        "an excerpt is as long as it is",
        "audio codes": "upstream codes padded batches anew in each step; here a clip is coded once "
        "and alone",
        "evaluation": "upstream's averages mix evaluations of several steps of an epoch",
        "decay": "upstream's groups need a single device; here they hold on several. Upstream also "
        "decays the perceiver's latents and the scale of its norm",
    }
)
"""Why a departure was made, by dotted path; a path that is no recipe value is a remark."""
