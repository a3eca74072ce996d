"""Samples for listening and pictures: original, original through the mel, reconstruction."""

from collections.abc import Sequence
from pathlib import Path

import torch
from attrs import frozen
from torch import Tensor

from engine.corpus import PackedAudio
from engine.files.safe_names import file_name
from engine.system_support.audio_samples import write_wav
from engine.systems.vqvae.data.dataset import VqvaeClips
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.network.normalize import window_of
from engine.systems.vqvae.pictures import Picture, draw_clip, draw_overview
from engine.systems.vqvae.training_module import VqvaeTrainingModule
from engine.training.system import Sample


@frozen
class SampleWriter:
    """Makes samples of some clips of a set with the present weights."""

    module: VqvaeTrainingModule
    front_end: FrontEnd
    packed: PackedAudio
    clips: VqvaeClips

    def write(self, folder: Path, indices: Sequence[int], labels: Sequence[str]) -> list[Sample]:
        """Write a folder for each clip (three WAV files, a picture), and `overview.png`."""
        if not indices:
            return []
        pictures = self._pictures(indices, labels)
        samples = []
        for index, picture in zip(indices, pictures, strict=True):
            samples += self._write_clip(folder / picture.name, index, picture)
        draw_overview(pictures, folder / "overview.png")
        return samples

    @torch.no_grad()
    def _pictures(self, indices: Sequence[int], labels: Sequence[str]) -> list[Picture]:
        mel_db = self.clips.mel_db(indices)
        window = window_of(self.module.normalisation, mel_db)
        device = next(self.module.parameters()).device
        coded = self.module.network(window.normalize(mel_db).to(device))
        rebuilt = window.decibels(coded.reconstruction.float().cpu())
        codes = coded.quantized.indices.cpu()
        return [
            Picture(f"{number:02d}_{file_name(labels[index])}", mel_db[k], codes[k], rebuilt[k])
            for k, (number, index) in enumerate(enumerate(indices, start=1))
        ]

    def _write_clip(self, folder: Path, index: int, picture: Picture) -> list[Sample]:
        folder.mkdir(parents=True, exist_ok=True)
        samples = self.packed.read(int(self.clips.rows[index]))
        inverse, rebuilt = self.front_end.to_waveform(
            torch.stack([picture.original, picture.rebuilt])
        )
        original = torch.from_numpy(self.front_end.cut(samples))
        draw_clip(picture, folder / "puzzle.png")
        return [
            self._audio(folder / "original.wav", original, "original"),
            self._audio(folder / "mel_inverse.wav", inverse, "original through the mel alone"),
            self._audio(folder / "reconstruction.wav", rebuilt, "reconstruction"),
            Sample(f"{folder.name}/puzzle", "image", folder / "puzzle.png", "puzzle"),
        ]

    def _audio(self, path: Path, waveform: Tensor, caption: str) -> Sample:
        write_wav(path, waveform.numpy(), self.front_end.sample_rate_hz)
        return Sample(f"{path.parent.name}/{path.stem}", "audio", path, caption)
