"""Samples of speech: the texts of evaluation clips in their own voice, and test sentences."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.files.safe_names import file_name
from engine.system_support.audio_samples import write_wav
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ
from engine.systems.xtts.speech.read_aloud import Reader
from engine.systems.xtts.speech.sentences import Sentences
from engine.training.system import Sample


@frozen
class SampleWriter:
    """Writes samples with the current weights."""

    reader: Reader
    sentences: Sentences
    clips: XttsClips
    """The evaluation clips."""
    texts: Sequence[str]
    """Transcripts of the evaluation clips."""

    def write(self, folder: Path, indices: Sequence[int]) -> list[Sample]:
        """Write a folder for each clip, and one for each test sentence."""
        samples: list[Sample] = []
        for number, index in enumerate(indices, start=1):
            name = file_name(self.clips.ids[index])
            samples += self._clip(folder / f"{number:02d}_{name}", index)
        samples += self.sentences.write(folder, self.reader)
        return samples

    def _clip(self, place: Path, index: int) -> Iterator[Sample]:
        reader, clips = self.reader, self.clips
        place.mkdir(parents=True, exist_ok=True)
        original = clips.audio(index).numpy()
        yield _audio(place / "original.wav", original, SAMPLE_RATE_HZ, "original")
        audio_codes = self.sentences.assets.audio_codes
        kept = audio_codes.to_waveform(clips.codes_of(index)).cpu().numpy()
        said = "decoded from its audio codes (Griffin-Lim)"
        yield _audio(place / "codes.wav", kept, SAMPLE_RATE_HZ, said)
        text, tokens = self.texts[index], clips.tokens[index].tolist()
        voice = reader.voice(clips.audio(index))
        reading = reader.read(text, tokens, voice, self.sentences.speech.seeds[0])
        audio, rate = reading.spoken.waveform.numpy(), reading.spoken.sample_rate_hz
        yield _audio(place / "spoken.wav", audio, rate, text, reading.notes)


def _audio(
    path: Path,
    samples: np.ndarray,
    sample_rate_hz: int,
    caption: str,
    notes: Sequence[str] = (),
) -> Sample:
    write_wav(path, samples, sample_rate_hz)
    return Sample(f"{path.parent.name}/{path.stem}", "audio", path, caption, notes)
