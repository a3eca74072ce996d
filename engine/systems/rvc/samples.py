"""Samples with pictures: converted clips of other speakers, resynthesized held-out clips."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.files.checksum import digest_of
from engine.files.safe_names import file_name
from engine.system_support.audio_samples import write_wav
from engine.system_support.spectrogram_picture import draw_spectrogram
from engine.systems.rvc.evaluate import Asked, Evaluator
from engine.systems.rvc.judge import Judge
from engine.systems.rvc.judged import conversion_digest
from engine.systems.rvc.parts import joined, joined_f0, parts_of
from engine.systems.rvc.pictures import draw_pitch
from engine.systems.rvc.resynthesis import Resynthesis
from engine.training.system import Sample

_MOST_CONVERTED = 4
_CAPTIONS = {
    "original": "original",
    "resynthesized": "made of its content and pitch",
    "posterior": "decoded from its posterior, as in training",
}


@frozen(eq=False)
class SampleWriter:
    """Writes samples with the current weights."""

    evaluator: Evaluator
    resynthesis: Resynthesis
    judge: Judge
    speakers: Sequence[str]
    """The names of the trained voices."""
    made_with: str
    """Digest of the settings that samples depend on besides the weights and the clips."""

    def write(self, folder: Path, places: Sequence[int]) -> list[Sample]:
        """Write a folder for each clip: converted clips, and the held-out clips at `places`."""
        samples: list[Sample] = []
        converted = self.evaluator.sources.conversions[:_MOST_CONVERTED]
        for number, conversion in enumerate(converted, start=1):
            asked = self.evaluator.asked(conversion)
            samples += self._converted(folder / f"converted_{number}", asked, bool(places))
        for number, place in enumerate(places, start=1):
            samples += self._held_out(folder / f"held_out_{number}", place)
        return samples

    def _converted(self, place: Path, asked: Asked, shown: bool) -> Iterator[Sample]:
        """Convert a clip with the current weights; where it is `shown`, add all its versions."""
        place.mkdir(parents=True, exist_ok=True)
        parts, voice = asked.parts, self.speakers[asked.target]
        pairs = [*zip(parts, asked.f0, strict=True)]
        made = [self.resynthesis.convert(part, f0, asked.target) for part, f0 in pairs]
        moved = f", {asked.semitones:+.1f} semitones" if asked.semitones else ""
        caption = f"{parts[0].clip} in the voice of {voice}{moved}"
        made_of = conversion_digest(asked, voice, self.made_with)
        whole, name = joined(parts, made), f"{place.name}/converted"
        write_wav(place / "converted.wav", whole, self.judge.sample_rate_hz)
        yield Sample(name, "audio", place / "converted.wav", caption, made_of=made_of)
        known = [f0 for f0 in asked.f0 if f0 is not None]
        if known:
            found = [self.judge.f0(one, len(f0)) for one, f0 in zip(made, known, strict=True)]
            picture, of = place / "pitch.png", digest_of([made_of, "pitch"])
            draw_pitch(joined_f0(parts, known), joined_f0(parts, found), picture)
            said = f"pitch of {caption}: asked for and generated"
            yield Sample(f"{place.name}/pitch", "image", picture, said, made_of=of)
        if shown:
            yield from self._part(
                place / "source", joined(parts, [p.audio for p in parts]), "source"
            )
            yield from self._part(place / "converted", whole, caption)
            if asked.take is not None:
                yield from self._part(
                    place / "take", asked.take, f"the same sentence, recorded by {voice}"
                )

    def _held_out(self, place: Path, index: int) -> Iterator[Sample]:
        """Write a held-out clip, its resynthesis from features, and from its posterior."""
        parts = parts_of(self.evaluator.held_out, index)
        place = place.with_name(f"{place.name}_{file_name(parts[0].clip)}")
        place.mkdir(parents=True, exist_ok=True)
        make = self.resynthesis
        versions = {
            "original": [part.audio for part in parts],
            "resynthesized": [make.convert(part, part.f0, part.speaker) for part in parts],
            "posterior": [make.reconstruct(part, part.speaker).audio for part in parts],
        }
        for version, audio in versions.items():
            yield from self._part(place / version, joined(parts, audio), _CAPTIONS[version])

    def _part(self, path: Path, audio: np.ndarray, caption: str) -> Iterator[Sample]:
        """A version of a clip: its player and its picture share a name, as the page wants it."""
        rate, name = self.judge.sample_rate_hz, f"{path.parent.name}/{path.name}"
        write_wav(path.with_suffix(".wav"), audio, rate)
        draw_spectrogram(audio, rate, path.with_suffix(".png"))
        yield Sample(name, "audio", path.with_suffix(".wav"), caption)
        yield Sample(name, "image", path.with_suffix(".png"), caption)
