"""What runs of RVC measure, and the guards over it that every recipe has."""

from collections.abc import Mapping

from engine.recipe.judgement import Guard
from engine.recipe.training import Direction

_MADE = {
    "f0_cents": "median absolute difference, in cents, between the pitch of generated audio and "
    "the pitch it was conditioned on, over frames that are voiced in both; lower is better",
    "voicing_error": "share of frames that are voiced either in the generated audio or in the "
    "pitch it was conditioned on, but not in both; lower is better",
    "voiceless_share": "share of slices whose voiced frames were all generated without voice, and "
    "which therefore have no f0_cents; lower is better",
    "content_cosine": "cosine similarity between the content features of generated and original "
    "audio, mean over frames; higher is better",
    "similarity": "cosine similarity between the speaker embeddings of generated audio and of the "
    "trained voice; higher is better; needs speech_evaluation.speaker_encoder in params.toml",
    "clicks": "number of jumps between neighbouring samples by over half of full scale, and by "
    "more than any in the original, per second of generated audio; lower is better",
    "offset": "absolute mean of the generated samples, where full scale is 1; lower is better",
    "silent_share": "share of generated clips whose level is 30 dB or more below the original's; "
    "lower is better",
}

METRICS: Mapping[str, str] = {
    "eval/mel": "L1 of log mel spectrograms, in nats, between held-out clips and their resynthesis "
    "from content features and pitch through the prior, as in conversion; lower is better",
    "eval/mel_posterior": "L1 of log mel spectrograms, in nats, between held-out clips and their "
    "resynthesis through the posterior, as in training; lower is better",
    "eval/kl": "Kullback-Leibler divergence of posterior and prior, in nats per frame, estimated "
    "by one sample of each; about 0: the posterior carries no information",
    "eval/octave_cents": "f0_cents of held-out clips that are resynthesized an octave higher or "
    "lower; lower is better, and 1,200 means that the decoder ignores pitch",
    **{f"eval/{name}": f"held-out clips: {about}" for name, about in _MADE.items()},
    **{
        f"eval/conversion/{name}": f"converted clips of other speakers: {about}"
        for name, about in _MADE.items()
    },
    "eval/conversion/mcd_db": "mel-cepstral distortion of converted clips, in dB after alignment "
    "in time, against the trained voice's own recording of the same sentence, where the corpus has "
    "one; lower is better",
    "eval/conversion/clips": "number of clips of other speakers that are converted",
    "eval/clips": "number of evaluation clips",
    "eval/frames": "number of frames of the evaluation clips",
    "train/discriminator/loss_over_chance": "discriminator loss over the loss of guessing, which "
    "is 0.5 for each discriminator (least squares); 1 is guessing",
    "train/discriminator/accuracy": "share of the discriminators' logits that classify real and "
    "generated audio correctly; 0.5 is guessing",
    "train/discriminator/loss_over_chance_scale": "loss_over_chance of the scale discriminator",
    "train/discriminator/accuracy_scale": "accuracy of the scale discriminator",
    **{
        f"train/discriminator/{what}_period_<n>": f"{what} of the period-n discriminator"
        for what in ("loss_over_chance", "accuracy")
    },
    "train/generator/feature_relative": "feature matching loss: L1 of real and generated feature "
    "maps over the mean absolute value of the real map, mean over all maps",
    **{
        f"train/gradient_share/{term}": f"share of losses.{term} in the gradient at the waveform"
        for term in ("adversarial", "feature", "mel", "stft")
    },
}
"""Every metric and its definition."""

_LOWEST = ("f0_cents", "voicing_error", "voiceless_share", "clicks", "offset", "silent_share")

DIRECTIONS: Mapping[str, Direction] = {
    **{f"eval/{name}": "lowest" for name in ("mel", "mel_posterior", "octave_cents", *_LOWEST)},
    **{f"eval/conversion/{name}": "lowest" for name in ("mcd_db", *_LOWEST)},
    **{
        f"eval/{place}{name}": "highest"
        for place in ("", "conversion/")
        for name in ("content_cosine", "similarity")
    },
}
"""Whether the highest or the lowest value of a metric is the best."""

GUARDS: Mapping[str, Guard] = {
    "train/discriminator/loss_over_chance": Guard(
        at="step:10000", below=0.995, action="warn", because="docs/rvc.md#stuck"
    ),
    "eval/kl": Guard(at="from step:1000", above=0.1, because="docs/rvc.md#collapsed-posterior"),
    "eval/octave_cents": Guard(
        at="from step:10000", below=600.0, because="docs/rvc.md#pitch-without-effect"
    ),
    "eval/voiceless_share": Guard(
        at="from step:10000", below=0.5, action="warn", because="docs/rvc.md#pitch-without-effect"
    ),
    "eval/clicks": Guard(
        at="from step:10000", below=5.0, action="warn", because="docs/rvc.md#clicks"
    ),
    "eval/offset": Guard(
        at="from step:10000", below=0.1, action="warn", because="docs/rvc.md#offset"
    ),
    "eval/silent_share": Guard(
        at="from step:10000", below=0.5, action="warn", because="docs/rvc.md#silence"
    ),
}
"""The system's own guards, by metric."""
