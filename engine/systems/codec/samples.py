"""Samples for listening, with spectrograms: original, decoded at each bitrate, baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.files.safe_names import file_name
from engine.system_support.audio_samples import write_wav
from engine.system_support.spectrogram_picture import draw_spectrogram
from engine.systems.codec.coders.baselines import Coder
from engine.systems.codec.data.dataset import CodecClips
from engine.systems.codec.network.chunks import decode_clip, encode_clip
from engine.systems.codec.network.network import CodecNetwork
from engine.training.system import Sample


@frozen
class SampleWriter:
    """Writes samples of some clips of a set with the present weights."""

    network: CodecNetwork
    clips: CodecClips
    quantizers: Sequence[int]
    """The numbers of quantizers that clips are decoded with."""
    coders: Mapping[str, Coder]
    """Baselines at the bitrate of all quantizers."""
    sample_rate_hz: int
    bits_per_second: float

    def write(self, folder: Path, indices: Sequence[int]) -> list[Sample]:
        """Write a folder for each clip: a WAV file and a spectrogram of each version."""
        samples = []
        for number, index in enumerate(indices, start=1):
            clip = f"{number:02d}_{file_name(self.clips.ids[index])}"
            (folder / clip).mkdir(parents=True, exist_ok=True)
            for part, (caption, audio) in self._versions(index).items():
                samples += self._part(folder / clip / part, audio, caption)
        return samples

    def _versions(self, index: int) -> dict[str, tuple[str, np.ndarray]]:
        original = self.clips.audio(index)
        codes = encode_clip(self.network, original)
        versions = {"original": ("original", original)}
        for number in reversed(self.quantizers):
            kbps = self.bits_per_second * number / len(codes) / 1000
            decoded = decode_clip(self.network, codes[:number], len(original))
            caption = f"decoded, {kbps:.3g} kbps ({number} of {len(codes)} quantizers)"
            versions[f"decoded_{number}"] = caption, decoded
        for name, coder in self.coders.items():
            coding = coder(original, self.sample_rate_hz)
            kbps = coding.bits / len(original) * self.sample_rate_hz / 1000
            caption = f"{name.replace('_', ' ')}, {kbps:.3g} kbps, not trained"
            versions[name] = caption, coding.audio
        return versions

    def _part(self, path: Path, audio: np.ndarray, caption: str) -> list[Sample]:
        """One version of a clip: its player and its picture share a name, as the page wants it."""
        write_wav(path.with_suffix(".wav"), audio, self.sample_rate_hz)
        draw_spectrogram(audio, self.sample_rate_hz, path.with_suffix(".png"))
        name = f"{path.parent.name}/{path.name}"
        return [
            Sample(name, "audio", path.with_suffix(".wav"), caption),
            Sample(name, "image", path.with_suffix(".png"), caption),
        ]
