"""What a codec's runs measure, and the guards over it that every recipe has."""

from collections.abc import Mapping

from engine.recipe.judgement import Guard
from engine.recipe.judges import JUDGES
from engine.recipe.training import Direction

_QUALITY = {
    "snr_db": "signal-to-noise ratio of decoded clips against the originals in dB, mean over "
    "clips; higher is better",
    "si_sdr_db": "scale-invariant signal-to-distortion ratio of decoded clips against the "
    "originals in dB, mean over clips; higher is better",
    "mel": "mel distance: L1 of log10 mel spectrograms, between decoded clips and originals, "
    "summed over seven resolutions, as DAC's mel loss; lower is better",
    "stft": "STFT distance: L1 of STFT magnitudes plus L1 of the log10 of their squares, between "
    "decoded clips and originals, summed over two resolutions, as DAC measures it; lower is "
    "better",
    "amplitude_ratio": "RMS of a decoded clip over the RMS of its original, mean over clips; 1 is "
    "best",
    **{
        name: f"{figure.about}, mean over clips"
        for judge in JUDGES.values()
        for name, figure in judge.figures.items()
    },
}

METRICS: Mapping[str, str] = {
    **{f"eval/{name}": about for name, about in _QUALITY.items()},
    "eval/snr_db_median": "signal-to-noise ratio of decoded clips in dB, median over clips; higher "
    "is better",
    "eval/si_sdr_db_median": "scale-invariant signal-to-distortion ratio of decoded clips in dB, "
    "median over clips; higher is better",
    "eval/correlation": "Pearson correlation of decoded and original samples, mean over clips; 1 "
    "is best",
    "eval/lag_samples": "largest delay of any decoded clip against its original, late or early, in "
    "samples; any value but 0 is a bug",
    "eval/clips": "number of evaluation clips that are measured: those that are not silent",
    "eval/kbps": "nominal bitrate with all quantizers, in kbit/s",
    "eval/entropy_kbps": "bitrate in kbit/s that an ideal entropy coder would need, if it coded "
    "each code by itself",
    "eval/bitrate_efficiency": "entropy of the codes of all codebooks over the bits they take "
    "(DAC, section 4.5); 1: every code is used equally often",
    "eval/perplexity": "exp of the entropy of a codebook's codes, mean over codebooks: the number "
    "of codes that are effectively used",
    "eval/dead_codes": "share of all codes that occur in no frame of the evaluation set; lower is "
    "better",
    "eval/frames": "number of frames over which codes are counted",
    **{
        f"eval/quantizers_<n>/{name}": f"with the first n quantizers: {about}"
        for name, about in _QUALITY.items()
    },
    "eval/quantizers_<n>/kbps": "nominal bitrate with the first n quantizers, in kbit/s",
    "eval/codebook_<n>/usage": "share of the codes of codebook n that occur in the evaluation set",
    "eval/codebook_<n>/perplexity": "exp of the entropy of the codes of codebook n",
    "eval/codebook_<n>/entropy_bits": "entropy of the codes of codebook n in bits, with Miller and "
    "Madow's correction for few frames",
    "train/discriminator/loss_over_chance": "discriminator loss over the loss of guessing (hinge "
    "2.0, least squares 0.5 for each discriminator): 1 is guessing, whatever the GAN loss",
    "train/discriminator/accuracy": "share of the discriminators' logits that classify real and "
    "decoded audio correctly; 0.5 is guessing",
    "train/discriminator/hinge_mean": "hinge loss, mean over the discriminators; 2.0 is guessing",
    "train/discriminator/least_squares_mean": "least squares loss, mean over the discriminators; "
    "0.5 is guessing",
    **{
        f"train/discriminator/{what}_{which}_<n>": f"{what} of the {words} discriminator"
        for what in ("loss_over_chance", "accuracy")
        for which, words in (("period", "period-n"), ("stft", "n-sample STFT"))
    },
    "train/generator/feature_sum": "feature matching loss as DAC has it: L1 of real and decoded "
    "feature maps, summed over all maps",
    "train/generator/feature_mean": "feature matching loss: L1 of real and decoded feature maps, "
    "mean over all maps",
    "train/generator/feature_relative": "feature matching loss: L1 of real and decoded feature "
    "maps over the mean absolute value of the real map, mean over all maps; comparable between "
    "recipes, unlike feature_sum and feature_mean",
    "train/generator/perplexity": "exp of the entropy of the codes of a batch, mean over codebooks",
    "train/generator/restarted_codes": "number of dead codes that are replaced in a step",
    **{
        f"train/gradient_share/{term}": f"share of losses.{term} in the gradient at the waveform"
        for term in ("adversarial", "feature", "mel", "waveform", "stft")
    },
}
"""Every metric and its definition."""

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
"""Whether the highest or the lowest value of a metric is the best."""

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
"""The system's own guards, by metric."""
