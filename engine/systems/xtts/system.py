"""XTTS's GPT as the loop sees it."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from torch import nn

from engine.corpus import Corpus, Split, choose_clips
from engine.corpus.rows import Rows
from engine.errors import UserError
from engine.evaluation.digests import keys
from engine.project import Project
from engine.recipe.params import Params
from engine.systems.listening import spread_over
from engine.systems.xtts.audio_codes import as_waveform
from engine.systems.xtts.dataset import XttsClips, all_clips
from engine.systems.xtts.differences import load_strictly
from engine.systems.xtts.eligible import Eligible, eligible_clips
from engine.systems.xtts.evaluate import baselines, evaluate
from engine.systems.xtts.export import export_xtts
from engine.systems.xtts.material import (
    Material,
    Text,
    published_material,
    published_text,
    scratch_material,
    scratch_text,
)
from engine.systems.xtts.objective import XttsObjective
from engine.systems.xtts.published import VOCABULARY
from engine.systems.xtts.recipe import (
    MOST_TEXT_TOKENS,
    SAMPLE_RATE_HZ,
    Published,
    XttsRecipe,
)
from engine.systems.xtts.samples import SampleWriter
from engine.systems.xtts.speak import ByCodes, ByVocoder
from engine.systems.xtts.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.weights import read_weights
from engine.training.system import Data, Evaluated, Limits, Sample, Turn

MEASURES_VERSION = 1
"""Raised when the same clips would give other figures."""
_FITTED_CLIPS = 200
"""Training clips that audio codes are fitted to, where none were published: enough for 1,024."""


def build(recipe: XttsRecipe, project: Project, params: Params) -> "XttsSystem":
    """Open the recipe's corpus, make tokens and codes of it, and initialise the GPT.

    Raises UserError where the corpus or a published file is missing or does not fit, or no clip,
    or fewer training clips than a batch has, can be used.
    """
    dataset = recipe.dataset
    corpus = Corpus.open(project.corpus(dataset.corpus))
    clips = corpus.manifest.clips
    assert isinstance(clips, Rows), "an ingested corpus has its manifest on disk"
    text = _text(recipe, project, corpus)
    eligible = eligible_clips(clips, dataset, text.tokenizer)
    _require_sentences(recipe, text)
    split = choose_clips(recipe, project, clips.only(eligible.rows), params.seed)
    if len(split.train) < recipe.training.batch_size:
        raise UserError(
            f"Corpus {dataset.corpus!r} has {len(split.train)} training clips, fewer than a batch "
            f"of {recipe.training.batch_size}. {' '.join(eligible.notes)} Add clips or lower "
            "training.batch_size."
        )
    material = _material(recipe, project, corpus, text, eligible, split, params.seed)
    used = all_clips(corpus, eligible, material, dataset, project.features)
    return XttsSystem(recipe, corpus, eligible, split, used, material)


def _text(recipe: XttsRecipe, project: Project, corpus: Corpus) -> Text:
    if isinstance(recipe.model, Published):
        return published_text(recipe.model, project)
    wanted, otherwise = set(recipe.dataset.languages), recipe.dataset.language
    spoken = (
        (clip.text, language)
        for clip in corpus.manifest.clips
        if clip.text and (language := clip.language or otherwise) in wanted and language
    )
    return scratch_text(recipe.model, spoken, recipe.dataset.languages)


def _require_sentences(recipe: XttsRecipe, text: Text) -> None:
    """Raise UserError where a sentence cannot be spoken: before training, not after it."""
    for sentence in recipe.speech.sentences:
        num_tokens = len(text.tokenizer.encode(sentence, _spoken_language(recipe)))
        if num_tokens > MOST_TEXT_TOKENS:
            raise UserError(
                f"speech.sentences: {sentence[:40]!r} ... has {num_tokens} text tokens, and the "
                f"GPT takes {MOST_TEXT_TOKENS}. Make sentences of it."
            )


def _spoken_language(recipe: XttsRecipe) -> str:
    return recipe.speech.language or recipe.dataset.languages[0]


def _material(
    recipe: XttsRecipe,
    project: Project,
    corpus: Corpus,
    text: Text,
    eligible: Eligible,
    split: Split,
    seed: int,
) -> Material:
    if isinstance(recipe.model, Published):
        return published_material(recipe.model, text, project)
    packed = corpus.packed(SAMPLE_RATE_HZ)
    rows = eligible.rows[split.train][:_FITTED_CLIPS].tolist()
    return scratch_material(recipe.model, text, [as_waveform(packed.read(r)) for r in rows], seed)


class XttsSystem:
    """A recipe with its data and its GPT. `clips` are those that may be used, split by row."""

    limits = Limits((1e-7, 1e-2), conditioning=("voice", "text"), overfits=("mel_ce",))

    def __init__(
        self,
        recipe: XttsRecipe,
        corpus: Corpus,
        eligible: Eligible,
        split: Split,
        clips: XttsClips,
        material: Material,
    ) -> None:
        self.recipe, self.corpus, self.eligible = recipe, corpus, eligible
        self.split, self.material = split, material
        self.train_clips, self.eval_clips = clips.only(split.train), clips.only(split.evaluation)
        self.objective = XttsObjective(recipe, material)
        weights = recipe.loss_weights
        self.scales = {
            "loss": _digest(sorted(weights.items())),
            "text_ce_weighted": _digest(weights.get("text_ce", 0.0)),
        }

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """One: the GPT with its conditioning, all of it trained."""
        parameters = dict(self.objective.named_parameters())
        spared = frozenset(parameters.keys() - _weights_of(self.objective))
        return (Turn("gpt", parameters, self.recipe.loss_weights, undecayed=spared),)

    @property
    def data_digest(self) -> str:
        """Digest of the corpus at the rate of XTTS, and of what it is made into."""
        return _digest([self.corpus.digest_at(SAMPLE_RATE_HZ), self.material.digest.hex()])

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips and their tokens, of the codes, and of what is heard."""
        clips, table = self.eval_clips, self.recipe.dataset
        said = (tokens.tolist() for tokens in clips.tokens)
        pairs = zip(keys(clips.digests), said, strict=True)
        return _digest(
            [
                sorted([digest.hex(), tokens] for digest, tokens in pairs),
                [table.conditioning, sum(table.conditioning_seconds) / 2],
                [self.material.digest.hex(), MEASURES_VERSION],
            ]
        )

    @property
    def data(self) -> Data:
        """What the run sees of its corpus."""
        report = self.corpus.report
        return Data(
            found=report.num_found,
            used=report.num_used,
            quarantined=dict(report.quarantined),
            training=len(self.split.train),
            evaluation=len(self.split.evaluation),
            notes=self.eligible.notes,
            split=self.split.how,
            leaks=self.split.leaks,
        )

    def evaluate(self) -> Evaluated:
        """Metrics of the present weights over the whole evaluation set."""
        return evaluate(self.objective, self.eval_clips, self.recipe.loss_weights)

    def baselines(self) -> Evaluated:
        """Metrics of tables of counts."""
        return baselines(self.train_clips, self.eval_clips, self.material)

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Evaluation clips said again in their own voice, and the recipe's sentences."""
        clips = self.corpus.manifest.clips
        chosen = [clips[row] for row in self.eval_clips.rows.tolist()]
        speech = self.recipe.speech
        vocoder = self._vocoder
        writer = SampleWriter(
            self.objective,
            ByCodes(self.material.audio_codes) if vocoder is None else ByVocoder(vocoder),
            None if vocoder is None else vocoder.speaker_encoder,
            self.material,
            self.eval_clips,
            [clip.text or "" for clip in chosen],
            speech,
            _spoken_language(self.recipe),
        )
        labels = [clip.speaker or "clip" for clip in chosen]
        return writer.write(folder, spread_over(labels, num_clips))

    def export(self, folder: Path) -> None:
        """Write the folder that Coqui's `Xtts.load_checkpoint` reads."""
        vocoder = self._vocoder
        facts = {
            "recipe": self.recipe.name,
            "evaluation_set": self.evaluation_set,
            "weights_license": self.material.licence,
        }
        with tempfile.TemporaryDirectory() as beside:
            vocabulary = Path(beside) / VOCABULARY
            vocabulary.write_text(self.material.text.content, encoding="utf-8")
            export_xtts(
                folder,
                self.objective.network.state_dict(),
                None if vocoder is None else vocoder.state_dict(),
                self.material.mel_stats,
                vocabulary,
                self.material.config,
                facts,
            )

    def load_published(self, path: Path) -> str:
        """Take over the GPT of a published model.pth, or of a checkpoint of Coqui's trainer."""
        weights = read_weights(path)
        load_strictly(self.objective.network, weights.gpt, path)
        return f"the weights of {path.name}: {weights}"

    @cached_property
    def _vocoder(self) -> HifiDecoder | None:
        """The published one, which no recipe trains; there is none for a GPT from scratch."""
        files = self.material.published
        if files is None:
            return None
        vocoder = HifiDecoder(VocoderSettings.of_config(files.config))
        load_strictly(vocoder, read_weights(files.model).decoder, files.model)
        return vocoder.eval().requires_grad_(False).to(self.objective.speaks.device)


def _weights_of(objective: nn.Module) -> set[str]:
    """Names of the parameters that decay: weights of linear layers and convolutions.

    Upstream's also are; it decays the perceiver's latents and the scale of its norm besides.
    """
    layers = (nn.Linear, nn.Conv1d)
    return {
        f"{name}.weight" for name, part in objective.named_modules() if isinstance(part, layers)
    }


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
