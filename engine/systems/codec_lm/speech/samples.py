"""Clones for listening: of evaluation clips, beside their recordings, and of fixed texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.files.safe_names import file_name
from engine.system_support.audio_samples import write_wav
from engine.system_support.judged_clips import LEAST_SECONDS
from engine.system_support.speech_judges import LoadedSpeechJudges, SpeechJudges, SpeechScores
from engine.systems.codec_lm.speech.cloned import figures, seen_figures
from engine.systems.codec_lm.speech.cloning import Clone, Cloning
from engine.systems.codec_lm.speech.prompts import spread_clips
from engine.training.system import Sample


@frozen(eq=False)
class SampleWriter:
    """Writes clones with the current weights."""

    cloning: Cloning
    judges: SpeechJudges
    recording: Callable[[int], np.ndarray]
    """An evaluation clip as it was recorded, float32 [samples] at the codec's rate."""

    def write(
        self, folder: Path, num_clips: int, model: HiggsAudioV2ForConditionalGeneration
    ) -> list[Sample]:
        """Write `num_clips` clones beside reference and recording, and all measured clones.

        What is measured has `made_of`.
        """
        source, seeds = self.cloning.evaluation, self.cloning.speech.seeds
        listened = source.prompts(spread_clips(source.clips, num_clips)) if num_clips else []
        samples: list[Sample] = []
        for number, clone in enumerate(self.cloning.clones(model, listened, seeds[:1]), start=1):
            place = folder / f"{number:02d}_{file_name(clone.prompt.name)}"
            samples += self._beside_truth(place, clone)
        samples += self._evaluated(folder, model)
        samples += self._seen(folder, model)
        return samples

    def _beside_truth(self, place: Path, clone: Clone) -> Iterator[Sample]:
        prompt = clone.prompt
        assert prompt.target is not None, "clips are said again"
        parts = {
            "reference": (self.recording(prompt.reference), "the reference"),
            "truth": (self.recording(prompt.target), "the recording of this text"),
            "codec": (
                self._as_coded(prompt.target),
                "the recording through the codec: the best that a clone can reach",
            ),
            "clone": (clone.audio, f"the clone: {prompt.text}"),
        }
        for name, (audio, caption) in parts.items():
            path = self._written(place / f"{name}.wav", audio)
            notes = self._notes(clone) if name == "clone" else ()
            yield Sample(f"{place.name}/{name}", "audio", path, caption, notes)

    def _evaluated(
        self, folder: Path, model: HiggsAudioV2ForConditionalGeneration
    ) -> Iterator[Sample]:
        """Write clones of evaluation clips and of the recipe's texts."""
        cloning, seeds = self.cloning, self.cloning.speech.seeds
        judges = self.judges.load(model.device)
        for clone in cloning.clones(model, [*cloning.said_again, *cloning.spoken], seeds):
            scores = self._judged(judges, clone)
            measured = {f"speech/{name}": value for name, value in scores.figures.items()}
            measured |= figures(cloning, clone)
            yield self._sample(folder / "evaluation", clone, measured, scores.notes)

    def _seen(self, folder: Path, model: HiggsAudioV2ForConditionalGeneration) -> Iterator[Sample]:
        """Write clones of held-out clips of trained speakers."""
        cloning = self.cloning
        for clone in cloning.clones(model, cloning.seen, cloning.speech.seeds):
            yield self._sample(folder / "training", clone, seen_figures(cloning, clone))

    def _judged(self, judges: LoadedSpeechJudges, clone: Clone) -> SpeechScores:
        rate = self.cloning.codec.sample_rate_hz
        missing = max(0, round(LEAST_SECONDS * rate) - len(clone.audio))
        voice = judges.for_voice(self.recording(clone.prompt.reference), rate)
        return voice.score(np.pad(clone.audio, (0, missing)), rate, clone.prompt.text)

    def _sample(
        self,
        folder: Path,
        clone: Clone,
        measured: Mapping[str, float],
        notes: Sequence[str] = (),
    ) -> Sample:
        prompt, seed = clone.prompt, clone.seed
        place = folder / file_name(prompt.name) / f"seed_{seed}.wav"
        return Sample(
            name=f"{folder.name}_{place.parent.name}/{place.stem}",
            kind="audio",
            path=self._written(place, clone.audio),
            caption=f"{prompt.text} (seed {seed}, {folder.name} clip {prompt.name})",
            notes=(*self._notes(clone), *notes),
            made_of=self.cloning.made_of(prompt, seed),
            figures=measured,
        )

    def _notes(self, clone: Clone) -> list[str]:
        """The clone's length, and phrases on its defects."""
        made, codec = clone.generated, self.cloning.codec
        notes = [f"{len(made.codes) / codec.frames_per_second:.2f} s"]
        if not made.ended:
            notes.append("cut off: no end of stream came")
        if made.num_dropped:
            notes.append(f"{made.num_dropped} frames after its end of stream left out")
        return notes

    def _as_coded(self, place: int) -> np.ndarray:
        codes = self.cloning.evaluation.clips.codes[place].astype(np.int64)
        audio: np.ndarray = self.cloning.codec.decode(codes).numpy()
        return audio

    def _written(self, path: Path, audio: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, audio, self.cloning.codec.sample_rate_hz)
        return path
