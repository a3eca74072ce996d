"""XTTS's GPT as the loop sees it."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from attrs import evolve
from torch import nn

from engine.errors import RefusedValuesError
from engine.evaluation.digests import keys
from engine.evaluation.unit import Unit
from engine.features.prepared import features_of
from engine.files.checksum import digest_of
from engine.nn.adapters import adapters_of, merged, with_names_of
from engine.project import Project
from engine.recipe.params import Params, SpeechEvaluation
from engine.system_support.audio_samples import spread_over
from engine.system_support.autoregressive import start_of, usual_rates
from engine.system_support.corpus_system import CorpusSystem, open_corpus
from engine.system_support.judged_clips import ClipJudges, with_judged
from engine.system_support.lower_rates import upsampled_warnings
from engine.system_support.speech_judges import SpeechJudges, require_speech_judges
from engine.systems.xtts.data.assets import Vocabulary
from engine.systems.xtts.data.cached_features import CachedFeatures
from engine.systems.xtts.data.dataset import XttsClips, voice_notes
from engine.systems.xtts.data.utterances import Utterances, load_utterances, load_vocabulary
from engine.systems.xtts.evaluate import baselines, evaluate
from engine.systems.xtts.files.differences import load_strictly
from engine.systems.xtts.files.export import export_xtts
from engine.systems.xtts.files.published import VOCABULARY
from engine.systems.xtts.files.weights import read_weights
from engine.systems.xtts.network.kmeans import KmeansCodes
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.probes import gpt_answers, gpt_probe
from engine.systems.xtts.recipe import MOST_TEXT_TOKENS, SAMPLE_RATE_HZ, XttsRecipe
from engine.systems.xtts.speech.read_aloud import Reader, sampling_of
from engine.systems.xtts.speech.samples import SampleWriter
from engine.systems.xtts.speech.sentences import Sentences
from engine.systems.xtts.speech.speak import ByCodes, ByVocoder, codes_per_character
from engine.systems.xtts.text.vocabulary import extended_weights
from engine.systems.xtts.training_module import XttsTrainingModule
from engine.training.system import Again, Batch, Evaluated, PreflightBounds, Sample, Turn


def build(recipe: XttsRecipe, project: Project, params: Params) -> "XttsSystem":
    """Open the recipe's corpus, make tokens and codes of it, and initialize the GPT.

    Raises UserError where the corpus or a published file is missing or does not fit, or no clip,
    or fewer training clips than a batch has, can be used.
    """
    made = CachedFeatures(recipe, open_corpus(recipe, project), features_of(recipe, project))
    vocabulary = load_vocabulary(project, made)
    _require_sentences(recipe, vocabulary)
    utterances = load_utterances(project, made, vocabulary, params.seed)
    language = _spoken_language(recipe)
    judges = ClipJudges.of(recipe, project, params.speech_evaluation, language)
    return XttsSystem(recipe, utterances, _speech_judges(recipe, project, params), judges)


def _speech_judges(recipe: XttsRecipe, project: Project, params: Params) -> SpeechJudges:
    """The models that judge the recipe's sentences; none where it has no sentences."""
    named = params.speech_evaluation if recipe.speech.sentences else SpeechEvaluation()
    judges = SpeechJudges.of(named, project, _spoken_language(recipe))
    require_speech_judges(recipe, judges)
    return judges


def _require_sentences(recipe: XttsRecipe, vocabulary: Vocabulary) -> None:
    """Raise UserError where a sentence cannot be spoken: before training, not after it."""
    for sentence in recipe.speech.sentences:
        num_tokens = len(vocabulary.tokenizer.encode(sentence, _spoken_language(recipe)))
        if num_tokens > MOST_TEXT_TOKENS:
            raise RefusedValuesError(
                f"speech.sentences: {sentence[:40]!r} ... has {num_tokens} text tokens, and the "
                f"GPT takes {MOST_TEXT_TOKENS}. Split it into sentences."
            )


def _spoken_language(recipe: XttsRecipe) -> str:
    return recipe.speech.language or recipe.dataset.languages[0]


class XttsSystem(CorpusSystem[XttsRecipe, XttsClips]):
    """A recipe with its data and its GPT."""

    measures_version = 2

    def __init__(
        self,
        recipe: XttsRecipe,
        utterances: Utterances,
        speech_judges: SpeechJudges,
        clip_judges: ClipJudges,
    ) -> None:
        super().__init__(recipe, utterances.data, utterances.clips)
        self.eligible, self.assets = utterances.eligible, utterances.assets
        self.speech_judges, self.clip_judges = speech_judges, clip_judges
        self.module = XttsTrainingModule(recipe, self.assets)

    @cached_property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric: with loss weights, the test sentences and judges."""
        weights = {f"losses.{name}": value for name, value in self.recipe.loss_weights.items()}
        text = {"losses.text_ce": weights.get("losses.text_ce", 0.0)}
        own, vocoder = {**super().metric_units}, self._vocoder
        rate = SAMPLE_RATE_HZ if vocoder is None else vocoder.settings.sample_rate_hz
        return {
            **own,
            "loss": evolve(own["loss"], parameters=weights),
            "text_ce_weighted": evolve(own["text_ce_weighted"], parameters=text),
            **self._sentences.metric_units(rate),
            **self.clip_judges.units(self._sentences.all_made_of, rate),
        }

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio that the GPT is conditioned on."""
        return SAMPLE_RATE_HZ

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """One turn: the GPT with its conditioning, or the parts of them that are trained."""
        named = self.module.named_parameters()
        parameters = {name: value for name, value in named if value.requires_grad}
        spared = frozenset(parameters.keys() - _weights_of(self.module))
        return (Turn("gpt", parameters, self.recipe.loss_weights, undecayed=spared),)

    @cached_property
    def preflight(self) -> PreflightBounds:
        """Preflight's bounds: voice and text must have an effect, and the probe must pass.

        A voice and a text are swapped with their lengths.
        """
        return PreflightBounds(
            usual_rates(self.recipe, 1e-7),
            conditioning=(("voice", "voice_lengths"), ("text", "text_lengths")),
            overfits=("mel_ce",),
            probes=(gpt_probe(self.module, start_of(self.recipe)),),
            answers=gpt_answers(self.module, self.eval_clips),
            spoken=lambda batch: (batch["text_lengths"], batch["code_lengths"]),
            audio=self.training_audio(SAMPLE_RATE_HZ),
            learns_voices=True,
            waveforms=("voice",),
            made_again=self._made_again,
        )

    def _made_again(self, places: Sequence[int], batch: Batch) -> dict[str, list[Again]]:
        encode, clips = self.assets.audio_codes.encode_waveform, self.train_clips
        made = [encode(clips.audio(place)).cpu() for place in places]
        excerpts = zip(batch["voice"], batch["voice_lengths"].tolist(), places, strict=True)
        return {
            "codes": [Again(*pair, 0.0) for pair in zip(batch["codes"], made, strict=True)],
            "voice": [Again(v[:n], clips.excerpt_like(v[:n], at), 1e-4) for v, n, at in excerpts],
        }

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the sample rate of XTTS, and of its features."""
        return digest_of([self.corpus.digest_at(SAMPLE_RATE_HZ), self.assets.digest.hex()])

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips and their tokens, of the codes, and of conditioning."""
        clips, table = self.eval_clips, self.recipe.dataset
        said = (tokens.tolist() for tokens in clips.tokens)
        pairs = zip(keys(clips.digests), said, strict=True)
        return digest_of(
            [
                sorted([digest.hex(), tokens] for digest, tokens in pairs),
                [table.conditioning, sum(table.conditioning_seconds) / 2],
                self.assets.digest.hex(),
            ]
        )

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on left-out clips, and on the clips that are conditioned on."""
        return [
            *self.eligible.notes,
            *self.warnings,
            *voice_notes(self.train_clips, self.eval_clips),
        ]

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings: clips recorded at a lower sample rate, and missing judges."""
        clips, rows = self.corpus.manifest.clips, self.data.rows
        return [*upsampled_warnings(clips, rows, SAMPLE_RATE_HZ), *self.clip_judges.warnings]

    def evaluate(self) -> Evaluated:
        """The metrics of the current weights over the evaluation set, and the judges' figures."""
        evaluated = evaluate(self.module, self.eval_clips, self.recipe.loss_weights)
        if not self.clip_judges.anybody:
            return evaluated
        reader = self.reader()
        judged = self.clip_judges.judge(self._sentences.made(reader), reader.device)
        return with_judged(evaluated, judged)

    def baselines(self) -> Evaluated:
        """The metrics of the predictors by counting."""
        return baselines(self.train_clips, self.eval_clips, self.assets)

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write the texts of evaluation clips in their own voice, and the recipe's sentences."""
        chosen = spread_over(self.evaluation_labels("speaker"), num_clips)
        writer = SampleWriter(self.reader(), self._sentences, self.eval_clips, self.eval_texts)
        return writer.write(folder, chosen)

    def reader(self) -> Reader:
        """A reader of texts with the current weights."""
        vocoder = self._vocoder
        return Reader(
            self.module.network,
            self.module.mel,
            ByCodes(self.assets.audio_codes) if vocoder is None else ByVocoder(vocoder),
            None if vocoder is None else vocoder.speaker_encoder,
            sampling_of(self.recipe.speech),
            self.codes_per_character,
            self._longest,
        )

    @cached_property
    def _longest(self) -> int:
        """Audio codes of the longest training clip."""
        return max(len(codes) for codes in self.train_clips.codes)

    @cached_property
    def codes_per_character(self) -> float:
        """Audio codes for each character of the evaluation clips' transcripts."""
        lengths = [len(codes) for codes in self.eval_clips.codes]
        return codes_per_character(lengths, [len(text) for text in self.eval_texts])

    @cached_property
    def eval_texts(self) -> list[str]:
        """The transcripts of the evaluation clips."""
        clips = self.corpus.manifest.clips
        return [clips[row].text or "" for row in self.eval_clips.rows.tolist()]

    @cached_property
    def _sentences(self) -> Sentences:
        return Sentences(
            self.recipe.speech,
            _spoken_language(self.recipe),
            self.assets,
            self.eval_clips,
            self.speech_judges,
            self.codes_per_character,
            self._longest,
        )

    def export(self, folder: Path) -> None:
        """Write the folder that Coqui's `Xtts.load_checkpoint` reads, and `cantus speak`."""
        vocoder, coder = self._vocoder, self.assets.audio_codes.coder
        facts = {
            "recipe": self.recipe.name,
            "evaluation_set": self.evaluation_set,
            "weights_license": self.assets.licence,
            "codes_per_character": self.codes_per_character,
        }
        with tempfile.TemporaryDirectory() as beside:
            vocabulary = Path(beside) / VOCABULARY
            vocabulary.write_text(self.assets.vocabulary.content, encoding="utf-8")
            export_xtts(
                folder,
                merged(self.module.network.state_dict(), transposed=True),
                None if vocoder is None else vocoder.state_dict(),
                self.assets.mel_stats,
                vocabulary,
                self.assets.config,
                facts,
                coder.centroids if vocoder is None and isinstance(coder, KmeansCodes) else None,
            )

    def load_published(self, path: Path) -> str:
        """Load the GPT of a published model.pth, or of a checkpoint of Coqui's trainer."""
        weights = read_weights(path)
        network, vocabulary, given = self.module.network, self.assets.vocabulary, weights.gpt
        said = f"the weights of {path.name}: {weights}"
        if vocabulary.extends is not None:
            given = extended_weights(given, vocabulary.extends, vocabulary.content)
            said += "; new text tokens start as the mean of the tokens they were cut into before"
        own = network.state_dict()
        load_strictly(network, {**with_names_of(own, given), **adapters_of(own)}, path)
        return said

    @cached_property
    def _vocoder(self) -> HifiDecoder | None:
        """The published vocoder, which no recipe trains; None for a GPT from scratch."""
        files = self.assets.published
        if files is None:
            return None
        vocoder = HifiDecoder(VocoderSettings.of_config(files.config))
        load_strictly(vocoder, read_weights(files.model).decoder, files.model)
        return vocoder.eval().requires_grad_(False).to(self.module.speaks.device)


def _weights_of(module: nn.Module) -> set[str]:
    """Names of the parameters that decay: weights of linear layers and convolutions.

    Upstream's also are; it decays the perceiver's latents and the scale of its norm besides.
    """
    layers = (nn.Linear, nn.Conv1d)
    return {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, layers)}
