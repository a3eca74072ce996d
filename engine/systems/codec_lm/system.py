"""A language model over a codec's codes as the loop sees it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve
from torch import nn
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.analysis.codec.trained_on import codec_leaks
from engine.corpus.audio.pcm import FULL_SCALE
from engine.evaluation.digests import keys
from engine.evaluation.unit import Unit
from engine.features.prepared import features_of
from engine.files.checksum import digest_of
from engine.nn.adapters import adapters_of, merged
from engine.project import Project
from engine.recipe import load_recipe
from engine.recipe.params import Params, SpeechEvaluation
from engine.system_support.autoregressive import start_of, usual_rates
from engine.system_support.corpus_system import CorpusSystem, open_corpus
from engine.system_support.judged_clips import ClipJudges, with_judged
from engine.system_support.lower_rates import upsampled_warnings
from engine.system_support.speech_judges import SpeechJudges, require_speech_judges
from engine.systems.codec_lm.baselines import baselines
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.cached_features import CachedFeatures
from engine.systems.codec_lm.data.dataset import CloningClips, num_spoken
from engine.systems.codec_lm.data.reference_notes import reference_notes
from engine.systems.codec_lm.data.utterances import Utterances, load_utterances
from engine.systems.codec_lm.evaluate import evaluate, strangers_of
from engine.systems.codec_lm.files.export import Parts, export_folder
from engine.systems.codec_lm.files.plain_model import plain_model
from engine.systems.codec_lm.files.published import Origin, load_published
from engine.systems.codec_lm.higgs.config import published_config, scratch_config
from engine.systems.codec_lm.higgs.template import CHAT_TEMPLATE
from engine.systems.codec_lm.probes import lm_answers, lm_probes, trained_by
from engine.systems.codec_lm.recipe import CodecLmRecipe, Published
from engine.systems.codec_lm.speech import cloned, judged
from engine.systems.codec_lm.speech.cloning import Cloning, clip_sources
from engine.systems.codec_lm.speech.samples import SampleWriter
from engine.systems.codec_lm.speech.sampling import exported_settings, sampling_of
from engine.systems.codec_lm.training_module import CodecLmTrainingModule
from engine.training.devices import make_device
from engine.training.system import (
    Again,
    Batch,
    DatasetSummary,
    Evaluated,
    PreflightBounds,
    Sample,
    Turn,
)

_NO_LICENCE = "yours: no published weights are in them"


def build(recipe: CodecLmRecipe, project: Project, params: Params) -> "CodecLmSystem":
    """Open the recipe's corpus, compute its tokens and codes, and initialize the model.

    Raises UserError where corpus, codec or a published file is missing or does not fit, or no clip,
    or fewer training clips than a batch has, can be used.
    """
    device = make_device(params.hardware, recipe.training.precision).torch_device
    made = CachedFeatures(
        recipe, open_corpus(recipe, project), features_of(recipe, project), params.work
    )
    utterances = load_utterances(project, made, params.seed, device)
    named = params.speech_evaluation if recipe.speech.num_clips else SpeechEvaluation()
    judges = SpeechJudges.of(named, project, recipe.speech.language)
    require_speech_judges(recipe, judges)
    config = _config(recipe, project, utterances.assets)
    leak = codec_leaks(recipe.codec, project, utterances.evaluation)
    clip_judges = ClipJudges.of(recipe, project, params.speech_evaluation, recipe.speech.language)
    origin = _origin(recipe, project)
    return CodecLmSystem(recipe, config, utterances, judges, clip_judges, origin, leak)


def _origin(recipe: CodecLmRecipe, project: Project) -> Origin:
    origin = Origin(_NO_LICENCE, CHAT_TEMPLATE)
    if isinstance(recipe.model, Published):
        origin = Origin.of(project.root / recipe.model.folder)
    return evolve(origin, adapted=_adapted(recipe, project))


def _adapted(recipe: CodecLmRecipe, project: Project) -> str | None:
    """The folder of the weights that adapters belong to; of continued adapters, their first."""
    start = recipe.start
    if start is None or start.from_ is None:
        return None if start is None else start.weights
    path = project.model(start.from_) / "recipe.toml"
    if recipe.adapters is not None and path.is_file():
        parent = load_recipe(path, classes={recipe.system: CodecLmRecipe})
        assert isinstance(parent, CodecLmRecipe)
        if parent.adapters is not None and recipe.adapters.go_on_from(parent.adapters):
            return _adapted(parent, project)
    return f"models/{start.from_}/export/transformers"


def _config(recipe: CodecLmRecipe, project: Project, assets: CodecLmAssets) -> HiggsAudioV2Config:
    model, books, tokens = recipe.model, assets.chat.codebooks, assets.tokens
    if isinstance(model, Published):
        return published_config(project.root / model.folder, books, tokens)
    return scratch_config(model, books, tokens)


class CodecLmSystem(CorpusSystem[CodecLmRecipe, CloningClips]):
    """A recipe with its data and its model."""

    def __init__(
        self,
        recipe: CodecLmRecipe,
        config: HiggsAudioV2Config,
        utterances: Utterances,
        speech_judges: SpeechJudges,
        clip_judges: ClipJudges,
        origin: Origin,
        codec_leak: str | None,
    ) -> None:
        super().__init__(recipe, utterances.data, utterances.clips)
        self.codec_leak = codec_leak
        self.seen_clips = utterances.seen
        self.eligible, self.assets = utterances.eligible, utterances.assets
        self.speech_judges, self.clip_judges, self.origin = speech_judges, clip_judges, origin
        self.module = CodecLmTrainingModule(recipe, self.assets, config)

    @cached_property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric: with loss weights, the seen clips, the clones and judges."""
        losses, rate = self.recipe.losses, self.assets.codec.sample_rate_hz
        own = {**super().metric_units}
        weights = {"losses.audio_ce": losses.audio_ce, "losses.text_ce": losses.text_ce}
        own["loss"] = evolve(own["loss"], parameters=weights)
        seen = {"seen clips": digest_of(_asked_of(self.seen_clips))}
        seen_of = {name: one for name, one in own.items() if name.startswith("seen/")}
        own |= {name: evolve(unit, parameters=seen) for name, unit in seen_of.items()}
        generated = cloned.units(self._cloning, self.speech_judges.units(rate))
        if match := generated.get(cloned.SEEN_MATCH):  # the other voices are of these clips
            generated[cloned.SEEN_MATCH] = evolve(match, parameters=seen)
        made_of = judged.all_made_of(self._cloning)
        return {**own, **generated, **self.clip_judges.units(made_of, rate)}

    @property
    def _held_out(self) -> list[str]:
        return sorted(digest.hex() for digest in keys(self.seen_clips.digests))

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """One turn: the model, or the adapters that the recipe trains instead."""
        losses, named = self.recipe.losses, self.module.named_parameters()
        parameters = {name: value for name, value in named if value.requires_grad}
        spared = frozenset(parameters.keys() - _weights_of(self.module))
        weights = {"audio_ce": losses.audio_ce, "text_ce": losses.text_ce}
        return (Turn("lm", parameters, weights, undecayed=spared),)

    @cached_property
    def preflight(self) -> PreflightBounds:
        """Preflight's bounds: reference and text must have an effect, and the probes must pass.

        A reference is swapped with its text.
        """
        probes = lm_probes(
            self.module.network,
            self.module.sequences,
            self.assets.chat.codebooks,
            start_of(self.recipe),
            new_text_head=self._new_text_head,
            trained=lambda batch: trained_by(self.module, batch),
        )
        return PreflightBounds(
            usual_rates(self.recipe, 1e-6),
            conditioning=(("reference", "reference_text"), "text"),
            overfits=("audio_ce",),
            probes=probes,
            held_out={"dataset.num_seen_clips": self.seen_clips},
            answers=lm_answers(self.module, self.eval_clips, self.assets.chat.codebooks),
            spoken=num_spoken,
            audio=self.training_audio(self.recipe.dataset.sample_rate_hz),
            learns_voices=True,
            made_again=self._made_again,
        )

    def _made_again(self, places: Sequence[int], batch: Batch) -> dict[str, list[Again]]:
        packed, rows = self.corpus.packed(self.recipe.dataset.sample_rate_hz), self.train_clips.rows
        clips = (packed.read(int(rows[place])) for place in places)
        made = [self.assets.codec.encode(clip.astype(np.float32) / FULL_SCALE) for clip in clips]
        references = zip(batch["reference"], places, strict=True)
        return {
            "target": [Again(*pair, 0.0) for pair in zip(batch["target"], made, strict=True)],
            "reference": [
                Again(kept, self.train_clips.reference_like(kept, place), 0.0)
                for kept, place in references
            ],
        }

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the codec's sample rate, of its features and of its split."""
        return digest_of([super().data_digest, self.assets.digest, self._held_out])

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips, their tokens, conditions and codec.

        Clips with other references or other wrong conditions, such as those of a longer window, are
        another set.
        """
        return digest_of([_asked_of(self.eval_clips), self.assets.digest])

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on left-out clips, on references, and on what is evaluated besides."""
        return [
            *self.eligible.notes,
            *self.warnings,
            *reference_notes(self.train_clips, self.eval_clips),
            self._evaluated_on,
        ]

    @property
    def _evaluated_on(self) -> str:
        evaluated, seen = set(self.eval_clips.speakers), set(self.seen_clips.speakers)
        known = len(evaluated & set(self.train_clips.speakers))
        return (
            f"Evaluated on {len(evaluated):,} speakers, {known or 'none'} of whom are trained on, "
            f"and on {len(self.seen_clips):,} clips of {len(seen):,} who are, though not with "
            "these clips."
        )

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings: clips recorded at a lower rate or known to the codec, and missing judges."""
        rate = self.recipe.dataset.sample_rate_hz
        upsampled = upsampled_warnings(self.corpus.manifest.clips, self.data.rows, rate)
        leak = [self.codec_leak] if self.codec_leak else []
        return [*upsampled, *leak, *self.clip_judges.warnings]

    @property
    def dataset_summary(self) -> DatasetSummary:
        """The summary of the corpus, and whether the codec was trained on evaluation clips."""
        known = self.recipe.codec.from_ is not None
        return evolve(super().dataset_summary, learned_from=self.codec_leak if known else None)

    def evaluate(self) -> Evaluated:
        """The metrics of the current weights over the evaluation set, and the judges' figures."""
        losses = self.recipe.losses
        evaluated = evaluate(self.module, self.eval_clips, self.seen_clips, losses)
        if not self.clip_judges.anybody:
            return evaluated
        model = self._plain_model
        clips = judged.made(self._cloning, model, self._recording)
        return with_judged(evaluated, self.clip_judges.judge(clips, model.device))

    def baselines(self) -> Evaluated:
        """The metrics of the predictors by counting."""
        counted = baselines(self.train_clips, self.eval_clips)
        return evolve(counted, metrics={**counted.metrics, **cloned.baselines(self._cloning)})

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write clones of evaluation clips, of clips of trained speakers and of the texts."""
        writer = SampleWriter(self._cloning, self.speech_judges, self._recording)
        return writer.write(folder, num_clips, self._plain_model)

    @property
    def _plain_model(self) -> HiggsAudioV2ForConditionalGeneration:
        """The model with the current weights, adapters merged."""
        model = self.module.network.model
        return plain_model(model.config, merged(model.state_dict()))

    def _recording(self, place: int) -> np.ndarray:
        """An evaluation clip, float32 [samples] in -1..1."""
        packed = self.corpus.packed(self.recipe.dataset.sample_rate_hz)
        samples: np.ndarray = packed.read(int(self.eval_clips.rows[place])) / FULL_SCALE
        return samples.astype(np.float32)

    @cached_property
    def _cloning(self) -> Cloning:
        """The clips and texts that are generated, which depend on nothing but the weights."""
        codec, speech = self.assets.codec, self.recipe.speech
        training, evaluation = clip_sources(
            (self.seen_clips, self._texts_of(self.seen_clips)),
            (self.eval_clips, self._texts_of(self.eval_clips)),
            codec,
        )
        texts = [(text, self.assets.tokens.encode(text)) for text in speech.texts]
        return Cloning(
            speech=speech, codec=codec, evaluation=evaluation, training=training, texts=texts
        )

    def _texts_of(self, clips: CloningClips) -> list[str]:
        manifest = self.corpus.manifest.clips
        return [manifest[row].text or "" for row in clips.rows.tolist()]

    def export(self, folder: Path) -> None:
        """Write the folder that `transformers` loads, and `cantus clone`."""
        adapters = adapters_of(self.module.network.model.state_dict())
        parts = Parts(
            tokenizer=self.assets.tokens.content,
            codec_folder=self.assets.codec.folder,
            generation=self._generation,
            facts=self._facts,
            chat_template=self.origin.chat_template,
            adapters=adapters or None,
            adapted=self.origin.adapted,
            legacy_layout=self.recipe.export.legacy_layout,
        )
        export_folder(folder / "transformers", self._plain_model, parts)

    def load_published(self, path: Path) -> str:
        """Load the weights of Higgs Audio v2, of a model like it, or of an export."""
        model = self.module.network.model
        return load_published(model, path, new_text_head=self._new_text_head)

    @property
    def _new_text_head(self) -> bool:
        model = self.recipe.model
        return isinstance(model, Published) and model.new_text_head

    @property
    def _generation(self) -> Mapping[str, Any]:
        """The recipe's sampling, under the names of generation_config.json."""
        sampling, books = sampling_of(self.recipe.speech), self.assets.chat.codebooks
        return exported_settings(sampling, self._cloning.max_frames, books.num_codebooks)

    @property
    def _facts(self) -> Mapping[str, Any]:
        """Further facts for the card of the export."""
        return {
            "recipe": self.recipe.name,
            "evaluation_set": self.evaluation_set,
            "codec": self.assets.codec.digest,
            "instruction": self.recipe.dataset.instruction,
            "weights_license": self.origin.licence,
        }


def _asked_of(clips: CloningClips) -> list[list[Any]]:
    """What clips are measured with, sorted: audio, text, right reference and wrong conditions."""
    own = [key.hex() for key in keys(clips.digests)]
    lent = strangers_of(clips).reference.tolist()
    rows = zip(own, clips.texts, clips.fixed_references, lent, strict=True)
    return sorted([key, text.tolist(), own[right], own[wrong]] for key, text, right, wrong in rows)


def _weights_of(module: nn.Module) -> set[str]:
    """Names of the parameters that decay: weights of linear layers."""
    named = module.named_modules()
    return {f"{name}.weight" for name, part in named if isinstance(part, nn.Linear)}
