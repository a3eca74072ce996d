"""Speech made for listening: evaluation clips said again in their own voice, and test sentences."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.safe_names import file_name
from engine.systems.listening import write_wav
from engine.systems.xtts.dataset import XttsClips
from engine.systems.xtts.decode import Sampling
from engine.systems.xtts.material import Material
from engine.systems.xtts.objective import XttsObjective
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Speech
from engine.systems.xtts.speak import (
    Renderer,
    Spoken,
    Voice,
    codes_a_character,
    hear,
    odd_duration,
    speak,
)
from engine.systems.xtts.speaker_encoder import SpeakerEncoder
from engine.training.system import Sample


@frozen
class SampleWriter:
    """Writes speech with the present weights."""

    objective: XttsObjective
    renderer: Renderer
    speaker_encoder: SpeakerEncoder | None
    material: Material
    clips: XttsClips
    texts: Sequence[str]
    """The clips' transcripts."""
    speech: Speech
    language: str

    def write(self, folder: Path, indices: Sequence[int]) -> list[Sample]:
        """A folder a clip, and one of the test sentences, in the first clip's voice."""
        samples: list[Sample] = []
        for number, index in enumerate(indices, start=1):
            place = folder / f"{number:02d}_{file_name(self.clips.ids[index])}"
            samples += self._clip(place, index)
        if indices and self.speech.sentences:
            voice = self._voice(indices[0])
            for number, sentence in enumerate(self.speech.sentences, start=1):
                samples += self._sentence(folder / f"sentence_{number}", sentence, voice)
        return samples

    def _clip(self, place: Path, index: int) -> Iterator[Sample]:
        original = self.clips.audio(index).numpy()
        yield _audio(place / "original", original, SAMPLE_RATE_HZ, "original")
        kept = self.material.audio_codes.to_waveform(self.clips.codes_of(index)).cpu().numpy()
        said = "what its audio codes hold (Griffin-Lim)"
        yield _audio(place / "codes", kept, SAMPLE_RATE_HZ, said)
        text, tokens = self.texts[index], self.clips.tokens[index].tolist()
        spoken = self._say(tokens, self._voice(index), self.speech.seeds[0])
        yield self._spoken(place / "spoken", spoken, text)

    def _sentence(self, place: Path, sentence: str, voice: Voice) -> Iterator[Sample]:
        tokens = self.material.text.tokenizer.encode(sentence, self.language)
        for seed in self.speech.seeds:
            spoken = self._say(tokens, voice, seed)
            yield self._spoken(place / f"seed_{seed}", spoken, f"seed {seed}: {sentence}")

    def _voice(self, index: int) -> Voice:
        device = self.objective.speaks.device
        reference = self.clips.audio(index).to(device)
        network, mel = self.objective.network, self.objective.mel
        return hear(network, mel, self.speaker_encoder, reference)

    def _say(self, tokens: Sequence[int], voice: Voice, seed: int) -> Spoken:
        table = self.speech
        sampling = Sampling(
            temperature=table.temperature,
            top_k=table.top_k,
            top_p=table.top_p,
            repetition_penalty=table.repetition_penalty,
        )
        return speak(self.objective.network, self.renderer, voice, tokens, sampling, seed)

    def _spoken(self, path: Path, spoken: Spoken, text: str) -> Sample:
        odd = odd_duration(len(spoken.codes), len(text), self._typical)
        remark = "" if odd is None else f" (far too {odd} for its text)"
        cut = "" if spoken.stopped else " (cut off: it never came to an end)"
        audio = spoken.waveform.numpy()
        return _audio(path, audio, spoken.sample_rate_hz, f"{text}{remark}{cut}")

    @property
    def _typical(self) -> float:
        return codes_a_character([len(c) for c in self.clips.codes], [len(t) for t in self.texts])


def _audio(path: Path, samples: np.ndarray, sample_rate_hz: int, caption: str) -> Sample:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path.with_suffix(".wav"), samples, sample_rate_hz)
    return Sample(f"{path.parent.name}/{path.name}", "audio", path.with_suffix(".wav"), caption)
