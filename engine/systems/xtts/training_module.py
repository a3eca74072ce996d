"""The training task: the GPT predicts the next text token and the next audio code."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from engine.errors import RefusedValuesError
from engine.nn.adapters import continued
from engine.systems.xtts.data.assets import XttsAssets
from engine.systems.xtts.network.gpt import NUM_STOPS, PerClip, XttsGpt
from engine.systems.xtts.network.mel import HOP_LENGTH, ConditioningMel
from engine.systems.xtts.network.trainable import choose_trainable
from engine.systems.xtts.recipe import XttsRecipe
from engine.training.system import Batch, Terms, TrainingModule


class XttsTrainingModule(TrainingModule):
    """Batches as `XttsClips` makes them."""

    speaks: Tensor

    def __init__(self, recipe: XttsRecipe, assets: XttsAssets) -> None:
        super().__init__()
        self.network = XttsGpt(assets.settings)
        choose_trainable(self.network, recipe.freeze, recipe.adapters)
        self.mel = ConditioningMel(assets.mel_stats)
        self.terms = frozenset(recipe.loss_weights)
        self.register_buffer("speaks", torch.tensor(list(assets.digest), dtype=torch.uint8))

    def prepare(self, batch: Batch) -> Batch:
        """Make mel spectrograms of the voices, each alone: frames at its end mirror the audio.

        In a padded row they would mirror the padding, and depend on the other clips of the batch.
        """
        frames = batch["voice_lengths"] // HOP_LENGTH + 1
        counts = zip(batch["voice_lengths"].tolist(), frames.tolist(), strict=True)
        with torch.no_grad():
            mels = [
                self.mel(voice[:num_samples])[:, :num_frames].mT
                for voice, (num_samples, num_frames) in zip(batch["voice"], counts, strict=True)
            ]
        return {**batch, "mels": pad_sequence(mels, batch_first=True).mT, "frames": frames}

    def num_targets(self, batch: Batch) -> Mapping[str, int]:
        """See TrainingModule: the tokens of text and of audio, with what stops each."""
        clips = len(batch["text_lengths"])
        codes = int(batch["code_lengths"].sum()) + clips * NUM_STOPS
        text = int(batch["text_lengths"].sum()) + clips
        return {"mel_ce": codes, "mel_accuracy": codes, "text_ce": text}

    def gpt(self, batch: Batch) -> Terms:
        """Cross-entropies in nats, each a mean over all targets of the batch."""
        cost = self.cost(batch)
        codes = cost.num_audio.sum()
        losses = {
            "mel_ce": cost.audio_nats.sum() / codes,
            "text_ce": cost.text_nats.sum() / cost.num_text.sum(),
        }
        metrics = {
            "mel_accuracy": cost.audio_correct.sum() / codes,
            "stop_ce": cost.stop_nats.detach().mean() / NUM_STOPS,
        }
        return Terms({name: losses[name] for name in self.terms}, metrics)

    def cost(self, batch: Batch) -> PerClip:
        """The cross-entropies of each clip of a prepared batch."""
        latents = self.network.condition(batch["mels"], batch["frames"])
        cost: PerClip = self.network(
            latents, batch["text"], batch["text_lengths"], batch["codes"], batch["code_lengths"]
        )
        return cost

    def adopted(self, weights: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
        """Adapters like this phase's are kept; others are merged into the weights."""
        self._require_same_tokens(weights.get("speaks"))
        return continued(self.state_dict(), weights, transposed=True)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Raise UserError where weights were trained on other tokens, which no shape would show."""
        self._require_same_tokens(state_dict.get(f"{prefix}speaks"))
        super()._load_from_state_dict(state_dict, prefix, *others)

    def _require_same_tokens(self, given: Tensor | None) -> None:
        if given is not None and not torch.equal(given.cpu(), self.speaks.cpu()):
            raise RefusedValuesError(
                "These weights were trained with another vocabulary or with other audio codes: "
                "the same numbers meant other letters and sounds. Give both recipes the same "
                "[model], corpus and training clips, or start from other weights. Tokens of a "
                "model.new_language are made of the corpus's transcripts: where these have "
                "changed, name a folder with the exported vocab.json and config.json and the "
                "published dvae.pth, mel_stats.pth and model.pth as model.folder instead."
            )
