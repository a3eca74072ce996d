"""The folder of a published XTTS v2: `published/xtts_v2`, as `cantus fetch` puts it in place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.fetch.licence import licence_name
from engine.files.untrusted import as_user_error, read_json_object
from engine.systems.xtts.files.weights import load_mel_stats

CPML = "Coqui Public Model License 1.0.0 (CPML)"
"""Licence of the published weights and of weights fine-tuned from them: non-commercial."""
MODEL, DVAE, MEL_STATS = "model.pth", "dvae.pth", "mel_stats.pth"
VOCABULARY, CONFIG = "vocab.json", "config.json"
_RATES = {"sample_rate": 22_050, "output_sample_rate": 24_000}
_MEL_COMPRESSION = 1024
"""Samples for each code: two strides of 2 over mel frames of 256 samples."""


@frozen(eq=False)
class PublishedXtts:
    """The files of the folder. Weights are read where they are needed."""

    folder: Path
    config: Mapping[str, Any]
    """All of config.json; its `model_args` decide the shapes."""
    mel_stats: Tensor
    """Divisors [80] of the bands of conditioning mels."""
    licence: str
    """Licence of the weights: that of the folder's licence.toml, else Coqui's."""

    @property
    def args(self) -> Mapping[str, Any]:
        """`model_args` of config.json."""
        args: Mapping[str, Any] = self.config["model_args"]
        return args

    @property
    def model(self) -> Path:
        """Weights of the GPT, the vocoder and the speaker encoder (`weights.read_weights`)."""
        return self.folder / MODEL

    @property
    def dvae(self) -> Path:
        """Weights of what turns mels into codes (`weights.load_dvae_state`)."""
        return self.folder / DVAE

    @property
    def vocabulary(self) -> Path:
        """What `Tokenizer.open` reads."""
        return self.folder / VOCABULARY


def read_published(folder: Path) -> PublishedXtts:
    """Read the small files of a published XTTS v2, and see that the large ones are there.

    Raises UserError where a file is missing or damaged, or the configuration is of another model.
    """
    missing = [
        name
        for name in (MODEL, DVAE, MEL_STATS, VOCABULARY, CONFIG)
        if not (folder / name).is_file()
    ]
    if missing:
        raise UserError(
            f"{folder} lacks {', '.join(missing)}. 'cantus fetch xtts_v2' puts the published files "
            "into published/xtts_v2."
        )
    config = read_config(folder / CONFIG)
    licence = licence_name(folder) or CPML
    return PublishedXtts(folder, config, load_mel_stats(folder / MEL_STATS), licence)


def read_config(path: Path) -> Mapping[str, Any]:
    """A config.json of XTTS v2. Raises UserError where it is damaged or of another model."""
    config = read_json_object(path)
    with as_user_error(
        f"{path} is not a config.json of XTTS: it has no tables 'model_args' and 'audio'."
    ):
        args, audio = dict(config["model_args"]), dict(config["audio"])
    wanted = {
        **{f"audio.{key}": (audio.get(key), rate) for key, rate in _RATES.items()},
        "model_args.gpt_use_perceiver_resampler": (args.get("gpt_use_perceiver_resampler"), True),
        "model_args.gpt_code_stride_len": (args.get("gpt_code_stride_len"), _MEL_COMPRESSION),
    }
    wrong = [
        f"{key} is {is_!r} instead of {was!r}" for key, (is_, was) in wanted.items() if is_ != was
    ]
    if wrong:
        raise UserError(f"{path} is of another model than XTTS v2: {'; '.join(wrong)}.")
    return config
