"""The recipe's test sentences, spoken alike before and after training, and in every phase.

Fixed are the sentences, the seeds and the voice, which is that of the longest evaluation clip. What
other weights made of the same (`made_of`) can be listened to and compared.
"""

from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, frozen
from torch import Tensor

from engine.evaluation.digests import keys
from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.metrics.judges.judge import JudgedAudio, resampled
from engine.system_support.audio_samples import write_wav
from engine.system_support.judged_clips import MadeClip
from engine.system_support.speech_judges import LoadedSpeechJudges, SpeechJudges
from engine.systems.xtts.data.assets import XttsAssets
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Speech
from engine.systems.xtts.speech.read_aloud import FIGURES, Reader, Reading
from engine.training.system import Sample

GROUP = "speech"
"""Stands before the names of the figures."""


@frozen(eq=False)
class Sentences:
    """The test sentences, the voice they are spoken in, and the models that judge them."""

    speech: Speech
    language: str
    assets: XttsAssets
    clips: XttsClips
    """The evaluation clips, the longest of which lends its voice."""
    speech_judges: SpeechJudges
    codes_per_character: float
    """Codes per character of recordings, by which speech is cut off and called odd."""
    longest: int
    """Audio codes of the longest training clip: longer speech is odd."""

    @property
    def voice(self) -> int:
        """Place of the clip in whose voice the sentences are spoken."""
        digests = keys(self.clips.digests)
        return max(range(len(digests)), key=lambda i: (len(self.clips.codes[i]), digests[i]))

    def made_of(self, sentence: str, seed: int) -> str:
        """Digest of everything that a sentence depends on except the weights."""
        table, voice = self.speech, self.clips.digests[self.voice].tobytes().hex()
        sampling = [table.temperature, table.top_k, table.top_p, table.repetition_penalty]
        rendered = [self.assets.digest.hex(), round(self.codes_per_character, 6)]
        return digest_of([sentence, self.language, seed, voice, sampling, rendered])

    @property
    def all_made_of(self) -> list[str]:
        """Digest of each sentence with each seed."""
        table = self.speech
        return [
            self.made_of(sentence, seed) for sentence in table.sentences for seed in table.seeds
        ]

    def metric_units(self, sample_rate_hz: int) -> dict[str, Unit]:
        """The unit of each figure, as `System.metric_units` has it; empty without sentences.

        `sample_rate_hz` is the rate of what is spoken.
        """
        if not self.speech.sentences:
            return {}
        own = {name: Unit(definition=f"xtts/{GROUP}/{name} 1") for name in FIGURES}
        own["odd"] = evolve(own["odd"], parameters={"longest training clip": self.longest})
        units, made_of = own | self.speech_judges.units(sample_rate_hz), digest_of(self.all_made_of)
        return {f"{GROUP}/{name}": evolve(unit, made_of=made_of) for name, unit in units.items()}

    def write(self, folder: Path, reader: Reader) -> Iterator[Sample]:
        """Speak each sentence with each seed, into a folder a sentence."""
        if not self.speech.sentences:
            return
        reference, device = self._reference, reader.device
        judges = self.speech_judges.load(device).for_voice(reference.numpy(), SAMPLE_RATE_HZ)
        for number, seed, reading in self._readings(reader):
            place = folder / f"sentence_{number}"
            place.mkdir(parents=True, exist_ok=True)
            yield self._sample(place / f"seed_{seed}.wav", reading, seed, judges)

    def made(self, reader: Reader) -> Iterator[MadeClip]:
        """Each sentence with each seed, for judges, in the order of `all_made_of`."""
        rate = reader.renderer.sample_rate_hz
        voice = resampled(self._reference.numpy(), SAMPLE_RATE_HZ, rate)
        for number, seed, reading in self._readings(reader):
            audio = JudgedAudio(reading.spoken.waveform.numpy(), rate, None, voice, reading.text)
            name, made_of = f"sentence_{number}/seed_{seed}", self.made_of(reading.text, seed)
            yield MadeClip(name, made_of, audio)

    def _readings(self, reader: Reader) -> Iterator[tuple[int, int, Reading]]:
        """Number, seed, and what is made of each sentence with each seed."""
        voice = reader.voice(self._reference)
        for number, sentence in enumerate(self.speech.sentences, start=1):
            tokens = self.assets.vocabulary.tokenizer.encode(sentence, self.language)
            for seed in self.speech.seeds:
                yield number, seed, reader.read(sentence, tokens, voice, seed)

    @property
    def _reference(self) -> Tensor:
        """The clip [samples] in whose voice they are spoken."""
        return self.clips.audio(self.voice)

    def _sample(
        self, path: Path, reading: Reading, seed: int, judges: LoadedSpeechJudges
    ) -> Sample:
        audio, rate = reading.spoken.waveform.numpy(), reading.spoken.sample_rate_hz
        write_wav(path, audio, rate)
        scores = judges.score(audio, rate, reading.text)
        figures = {**reading.figures, **scores.figures}
        return Sample(
            name=f"{path.parent.name}/{path.stem}",
            kind="audio",
            path=path,
            caption=f"{reading.text} (seed {seed}, in the voice of {self.clips.ids[self.voice]})",
            notes=(*reading.notes, *scores.notes),
            made_of=self.made_of(reading.text, seed),
            figures={f"{GROUP}/{name}": value for name, value in figures.items()},
        )
