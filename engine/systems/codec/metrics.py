"""What a codec's runs measure, and the guards over it that every recipe has."""

from collections.abc import Mapping

from engine.recipe.judgement import Guard
from engine.recipe.judges import JUDGES
from engine.recipe.training import Direction

_QUALITY = {
    "snr_db": "signal-to-noise ratio of whole clips, mean in dB",
    "si_sdr_db": "scale-invariant signal-to-distortion ratio of whole clips, mean in dB",
    "mel": "distance of log10 mel spectrograms at seven resolutions (DAC's, its loss)",
    "stft": "distance of STFT magnitudes at two resolutions, log10 and plain (DAC's)",
    "amplitude_ratio": "RMS of what is decoded over that of the original, mean over clips",
    **{
        name: f"{figure.about}, mean over clips"
        for judge in JUDGES.values()
        for name, figure in judge.figures.items()
    },
}

METRICS: Mapping[str, str] = {
    **{f"eval/{name}": about for name, about in _QUALITY.items()},
    "eval/snr_db_median": "median of the clips' signal-to-noise ratios in dB",
    "eval/si_sdr_db_median": "median of the clips' SI-SDR in dB",
    "eval/correlation": "of samples decoded and original, mean over clips",
    "eval/lag_samples": "largest delay, either way, of a decoded clip; not 0: a bug",
    "eval/clips": "evaluation clips that are measured: those that are not silent",
    "eval/kbps": "nominal bitrate with all quantizers",
    "eval/entropy_kbps": "bitrate that an ideal entropy coder of single codes would need",
    "eval/bitrate_efficiency": "entropy of all codebooks over their bits (DAC, section 4.5)",
    "eval/perplexity": "exp of the entropy of a codebook's codes, mean over codebooks",
    "eval/dead_codes": "share of codes that no frame of the evaluation set has",
    "eval/frames": "frames that codes are counted over",
    **{f"eval/quantizers_<n>/{name}": f"{about}, n quantizers" for name, about in _QUALITY.items()},
    "eval/quantizers_<n>/kbps": "nominal bitrate; n used",
    "eval/codebook_<n>/usage": "share of the n-th codebook's codes that occur",
    "eval/codebook_<n>/perplexity": "exp of the entropy of its codes",
    "eval/codebook_<n>/entropy_bits": "entropy of its codes in bits (Miller and Madow)",
    "train/discriminator/loss_over_chance": "discriminator loss over that of guessing: 1 is "
    "guessing, whatever the GAN loss (mean of a hinge 2.0, of least squares 0.5)",
    "train/discriminator/accuracy": "share of logits on the right side; 0.5 is guessing",
    "train/discriminator/hinge_mean": "hinge loss, mean over the discriminators; 2.0 is chance",
    "train/discriminator/least_squares_mean": "the same of least squares; 0.5 is chance",
    **{
        f"train/discriminator/{what}_{which}_<n>": f"{what} of the {words} discriminator of n"
        for what in ("loss_over_chance", "accuracy")
        for which, words in (("period", "period"), ("stft", "STFT"))
    },
    "train/generator/feature_sum": "feature matching as DAC sums it: L1 over all maps",
    "train/generator/feature_mean": "the same, mean over maps",
    "train/generator/feature_relative": "mean over maps of L1 over the mean size of the real "
    "map: the one whose value means something by itself",
    "train/generator/perplexity": "exp of the entropy of a batch's codes, mean over codebooks",
    "train/generator/restarted_codes": "dead codes replaced in a step",
    **{
        f"train/gradient_share/{term}": f"share of {term} in the gradient at the waveform"
        for term in ("adversarial", "feature", "mel", "waveform", "stft")
    },
}
"""Every metric, and what it is."""

_BEST: Mapping[str, Direction] = {
    "snr_db": "highest",
    "si_sdr_db": "highest",
    "mel": "lowest",
    "stft": "lowest",
    **{
        name: figure.best_is
        for judge in JUDGES.values()
        for name, figure in judge.figures.items()
        if figure.best_is is not None
    },
}

DIRECTIONS: Mapping[str, Direction] = {
    **{f"eval/{name}": direction for name, direction in _BEST.items()},
    **{f"eval/quantizers_<n>/{name}": direction for name, direction in _BEST.items()},
    "eval/snr_db_median": "highest",
    "eval/si_sdr_db_median": "highest",
    "eval/correlation": "highest",
}
"""Which value of a metric is the better one."""

GUARDS: Mapping[str, Guard] = {
    "train/discriminator/loss_over_chance": Guard(
        at="step:10000",
        below=0.95,
        because="docs/codec.md#stuck",
    ),
    "train/generator/feature_relative": Guard(
        at="from step:10000",
        above=0.02,
        action="warn",
        because="docs/codec.md#feature-maps",
    ),
    "eval/dead_codes": Guard(
        at="from step:10000",
        below=0.9,
        because="docs/codec.md#dead-codes",
    ),
    "eval/lag_samples": Guard(
        at="from step:50000",
        between=(-0.5, 0.5),
        action="warn",
        because="docs/codec.md#lag",
    ),
}
"""By metric; reasons stand in the docs."""
