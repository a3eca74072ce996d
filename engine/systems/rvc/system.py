"""A voice for RVC as the loop sees it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import asdict, evolve
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.evaluation.unit import Unit
from engine.features.prepared import features_of
from engine.files.checksum import digest_of
from engine.metrics.speaker_similarity import SpeakerSimilarity
from engine.project import Project
from engine.recipe.params import Params
from engine.system_support.adversarial import require_timely_guards
from engine.system_support.audio_samples import spread_over
from engine.system_support.corpus_system import CorpusSystem
from engine.system_support.judged_clips import ClipJudges, with_judged
from engine.system_support.speech_judges import SpeechJudges
from engine.systems.rvc.baselines import BASELINES, mean_mel
from engine.systems.rvc.conversion.voice_note import read_voice_note
from engine.systems.rvc.data.clips import VoiceClips
from engine.systems.rvc.data.made_again import made_again
from engine.systems.rvc.data.methods import pitch_method
from engine.systems.rvc.data.recordings import Recordings, load_recordings
from engine.systems.rvc.data.slices import Slicing
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND, Fcpe, Pitch, SwiftF0
from engine.systems.rvc.evaluate import Asked, Evaluator, measured, named
from engine.systems.rvc.export import export_model
from engine.systems.rvc.files.export import unsupported
from engine.systems.rvc.files.pretrained import load_discriminators, load_generator
from engine.systems.rvc.files.state_file import read_state_file
from engine.systems.rvc.judge import Judge
from engine.systems.rvc.judged import JudgedConversions
from engine.systems.rvc.metric_units import measured_units
from engine.systems.rvc.recipe import ADVERSARIAL_TERMS, RvcRecipe
from engine.systems.rvc.references import (
    median_pitches,
    reference_recordings,
    reference_voices,
)
from engine.systems.rvc.resynthesis import Resynthesis
from engine.systems.rvc.samples import SampleWriter
from engine.systems.rvc.training_module import RvcTrainingModule
from engine.training.devices import make_device
from engine.training.system import Evaluated, PreflightBounds, Sample, Turn

_MEASURED_BY: dict[str, Pitch] = {"fcpe": Fcpe(), "swift_f0": SwiftF0()}


def build(recipe: RvcRecipe, project: Project, params: Params) -> "RvcSystem":
    """Open the recipe's corpus, its slices and features, and initialize the networks.

    Raises UserError where the corpus or a published file is missing or does not fit, where no clip,
    or fewer training slices than a batch has, can be used.
    """
    device = make_device(params.hardware, recipe.training.precision).torch_device
    features = features_of(recipe, project)
    recordings = load_recordings(recipe, project, params, features, device)
    by = recipe.conversion.measured_by
    measured_by = recordings.methods.pitch
    if recipe.has_pitch and by != "same":
        measured_by = pitch_method(_MEASURED_BY[by], project, device)
    named_models = evolve(params.speech_evaluation, speech_recogniser=None)
    judges = SpeechJudges.of(named_models, project, "")
    rate, content = recipe.dataset.sample_rate_hz, recordings.methods.content
    clip_judges = ClipJudges.of(recipe, project, params.speech_evaluation, "")
    judge = Judge(rate, measured_by, content)
    system = RvcSystem(recipe, recordings, judge, judges, clip_judges, project)
    system.require_measurable()
    return system


class RvcSystem(CorpusSystem[RvcRecipe, VoiceClips]):
    """A recipe with its recordings and networks."""

    def __init__(
        self,
        recipe: RvcRecipe,
        recordings: Recordings,
        judge: Judge,
        judges: SpeechJudges,
        clip_judges: ClipJudges,
        project: Project,
    ) -> None:
        super().__init__(recipe, recordings.data, recordings.clips)
        self.recordings, self.judges, self.project = recordings, judges, project
        self.clip_judges = clip_judges
        self.train_clips = recordings.training  # type: ignore[assignment]  # slices, of these clips
        content = recordings.methods.content.digest
        self.module = RvcTrainingModule(recipe, content)
        self._judge = judge
        self.resynthesis = Resynthesis(
            self.module, recipe.dataset.unvoiced == "interpolate", recipe.conversion.noise_scale
        )
        self.evaluator = Evaluator(
            self.eval_clips,
            recordings.sources,
            self.corpus.packed(recipe.dataset.sample_rate_hz),
            median_pitches(recordings.spoken, len(recordings.speaker_names)),
        )

    @cached_property
    def preflight(self) -> PreflightBounds:
        """Preflight's bounds: content, pitch and speaker must change the loss.

        A repeated batch must lower the mel distance where the recipe has one, else the STFT's.
        """
        conditioning = ["content"]
        if self.recipe.has_pitch:
            conditioning.append("f0")
        if len(self.recordings.speaker_names) > 1:
            conditioning.append("speaker")
        spectral = next(t for t in ("mel", "stft") if t in self.recipe.generator_weights)
        return PreflightBounds(
            (1e-6, 1e-2),
            conditioning,
            overfits=[f"generator/{spectral}"],
            signed=("generator/kl",),  # estimated by one sample of each distribution
            answers=self.evaluator.answers(self.resynthesis, self._judge),
            audio=self.training_audio(self.recipe.dataset.sample_rate_hz),
            levels_matter=False,  # recordings are brought to one level
            learns_voices=True,
            generated="synthesized/audio",
            adversarial="generator/adversarial",
            waveforms=("audio",),
            made_again=made_again(self.recordings.training, self.recordings.methods),
        )

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """Two turns: the discriminators are trained on generated audio, then the synthesizer."""
        starts = self.recipe.model.discriminator.starts_at_step
        judges = dict(self.module.discriminators.named_parameters("discriminators"))
        return (
            Turn(
                "discriminator",
                judges,
                {"discriminator": self.recipe.losses.discriminator},
                starts_at_step=starts,
                averaged=False,
            ),
            Turn(
                "generator",
                dict(self.module.network.named_parameters("network")),
                self.recipe.generator_weights,
                late_terms=dict.fromkeys(ADVERSARIAL_TERMS, starts),
            ),
        )

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the recipe's rate, and of its pitch and content methods."""
        return digest_of([super().data_digest, self.recordings.methods.digest])

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips, of how they are cut, and of their features."""
        dataset = self.recipe.dataset
        own = [asdict(Slicing.of(dataset)), dataset.unvoiced]
        return digest_of([self.evaluation_content, own, self.recordings.methods.digest])

    @cached_property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric: with the methods that measure it, and the converted clips."""
        speech = self.judges.units(self.sample_rate_hz)
        clips = digest_of([self._made_with, self._converted])
        own = {**super().metric_units}
        units = measured_units(own, self.recipe, self._judge, speech, clips)
        return units | self.clip_judges.units(self._judged.all_made_of, self.sample_rate_hz)

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on left-out clips, replaced methods, and limits of the export."""
        slices, silent = self.train_clips, self.recipe.dataset.num_mute_clips
        minutes = float(slices.lengths.sum()) / FRAMES_A_SECOND / 60
        voices = ", ".join(filter(None, self.recordings.speaker_names)) or "one"
        said = [
            f"Trained on {minutes:.1f} minutes in {len(slices):,} slices, {silent} of them of "
            f"silence for each speaker. Voices: {voices}."
        ]
        if "similarity" in self.judges.missing():
            said.append("similarity is left out: params.toml names no speaker encoder.")
        return [*said, *self.recordings.notes, *unsupported(self.module.network.settings)]

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings: a replaced pitch method, clips recorded at a lower rate, missing judges."""
        said = [*self.recordings.warnings, *self.clip_judges.warnings]
        return said if self._are_judged or not self.clip_judges.anybody else [*said, _UNJUDGED]

    @property
    def _are_judged(self) -> bool:
        """Whether there are judges, and clips to judge."""
        return self.clip_judges.anybody and bool(self.recordings.sources.conversions)

    def require_measurable(self) -> None:
        """Raise UserError where the recipe relies on a figure that cannot be measured here."""
        missing = {} if self.judges.speaker_encoder else {"similarity": _NO_ENCODER}
        if not self.recordings.sources.conversions:
            missing["conversion"] = _NOTHING_TO_CONVERT
        for path, metric in self.recipe.named_metrics():
            for part in metric.split("/")[1:]:
                if part in missing:
                    raise UserError(
                        f"The recipe relies on '{metric}' ({path}), which cannot be measured: "
                        f"{missing[part]}."
                    )
        require_timely_guards(self.recipe, len(self.train_clips))

    def evaluate(self) -> Evaluated:
        """The metrics of the current weights over the evaluation set and the conversions."""
        judge, make = self._loaded_judge(), self.resynthesis

        def convert(asked: Asked, number: int) -> np.ndarray:
            return make.convert(asked.parts[number], asked.f0[number], asked.target)

        converted = self.evaluator.converted_by(convert)
        evaluated = self.evaluator.evaluate(make, judge, self._voices(judge), converted)
        if not self._are_judged:
            return evaluated
        judged = self.clip_judges.judge(self._judged.made(converted), make.device)
        return with_judged(evaluated, judged)

    def baselines(self) -> Evaluated:
        """The metrics of untrained baselines: the source, the shifted source, a mean spectrum."""
        judge = self._loaded_judge()
        voices, metrics = self._voices(judge), dict[str, float]()
        for name, convert in BASELINES.items():
            found = measured(self.evaluator.converted_by(convert), judge, voices)
            metrics |= named(f"baseline/{name}/conversion", found)
        mean = mean_mel(self.resynthesis, self.recordings.spoken, self.eval_clips)
        return Evaluated({**metrics, **mean.metrics}, mean.per_clip)

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write converted clips of other speakers, and resynthesized evaluation clips."""
        writer = SampleWriter(
            self.evaluator,
            self.resynthesis,
            self._judge,
            self.recordings.speaker_names,
            self._made_with,
        )
        return writer.write(folder, spread_over(self.evaluation_labels("speaker"), num_clips))

    def export(self, folder: Path) -> None:
        """Write the `.pth` that RVC WebUI and Applio load, and the retrieval index."""
        export_model(self.module, self.recordings, self.recipe, folder)

    def load_published(self, path: Path) -> str:
        """Load a published generator, and discriminators where the recipe names them."""
        self._require_same_content(path)
        said = [f"the weights of {path.name}", *load_generator(self.module.network, path)]
        named_file = self.recipe.model.discriminator.weights
        if named_file is None:
            said.append(
                "the discriminators begin with fresh weights, since model.discriminator.weights is "
                "not given: their gradients mean little at first, and may harm the generator"
            )
        else:
            load_discriminators(self.module.discriminators, self.project.root / named_file)
            said.append(f"the discriminators of {Path(named_file).name}")
        return "; ".join(said)

    def _require_same_content(self, path: Path) -> None:
        """Raise UserError where an exported model was trained on other content features.

        Published files do not name their content encoder.
        """
        note = read_voice_note(read_state_file(path).facts, path)
        own = self.recordings.methods.content.digest
        if note is not None and note.content != own:
            raise RefusedValuesError(
                f"{path} was trained on the content features of another model or of other "
                f"settings ({note.content[:12]}, the recipe's are {own[:12]}). Set dataset.content "
                "to the encoder of those weights, or start from other weights."
            )

    @property
    def _made_with(self) -> str:
        """Digest of the settings that converted clips depend on besides the weights."""
        recipe = self.recipe
        rate, noise = recipe.dataset.sample_rate_hz, recipe.conversion.noise_scale
        return digest_of([self.recordings.methods.digest, rate, recipe.dataset.unvoiced, noise])

    @property
    def _converted(self) -> list[list[object]]:
        """Digest of the converted clips' audio, and of their target voices."""
        clips, names = self.corpus.manifest.clips, self.recordings.speaker_names
        found = self.recordings.sources.conversions
        return [[clips[one.source].sha256, names[one.target]] for one in found]

    @cached_property
    def _judged(self) -> JudgedConversions:
        """The converted clips as judges take them."""
        evaluator, names = self.evaluator, self.recordings.speaker_names
        rate = self.recipe.dataset.sample_rate_hz
        voices = reference_recordings(self.recordings.spoken, len(names), rate)
        asked = [evaluator.asked(one) for one in evaluator.sources.conversions]
        return JudgedConversions(asked, names, voices, rate, self._made_with)

    def _voices(self, judge: Judge) -> list[Tensor | None]:
        return reference_voices(self.recordings.spoken, len(self.recordings.speaker_names), judge)

    def _loaded_judge(self) -> Judge:
        """The judge with its speaker encoder, whose memory is freed with the judge."""
        folder = self.judges.speaker_encoder
        if folder is None:
            return self._judge
        encoder = SpeakerSimilarity.load(folder, self.resynthesis.device)
        return evolve(self._judge, similarity=encoder)


_NOTHING_TO_CONVERT = (
    "there is no clip of another voice to convert. Add recordings of somebody else to the corpus "
    "and name your voice in dataset.speakers, or leave the metric out (of a guard: action = 'off')"
)
_UNJUDGED = (
    "conversion.judges rate converted clips, and the corpus has no other voice to convert: their "
    "figures are left out."
)
_NO_ENCODER = "set speech_evaluation.speaker_encoder in params.toml, or choose another metric"
