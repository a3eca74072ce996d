"""An exported network as a tool: waveform to puzzle, puzzle to mel spectrogram and audio."""

import json
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.recipe.fields import setting
from engine.recipe.structure import structure
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.files.weights import import_weights
from engine.systems.vqvae.network.model import GridAutoencoder
from engine.systems.vqvae.network.normalize import window_of
from engine.systems.vqvae.recipe import AlignedNetwork, Dataset, FixedWindow, PuzzleNetwork
from engine.systems.vqvae.shapes import GRID
from engine.systems.vqvae.training_module import build_network


@frozen(kw_only=True)
class _Tables:
    model: PuzzleNetwork | AlignedNetwork = setting("the networks")
    dataset: Dataset = setting("the front end")


class PuzzleVae:
    """A trained audio puzzle VAE, in evaluation mode, with the published calls and shapes.

    With a fixed window the codes of a clip depend on that clip alone. With batch min/max, as
    published, they depend on the clips that share its batch.
    """

    def __init__(
        self, network: GridAutoencoder, model: PuzzleNetwork | AlignedNetwork, front_end: FrontEnd
    ) -> None:
        self._network, self._front_end = network.eval(), front_end
        self._model = model

    @property
    def latent_dim(self) -> int:
        """Channels of the grid."""
        return self._model.latent_dim

    @property
    def num_codes(self) -> int:
        """Number of codes. The codes in use ascend with the mean energy of their cells.

        Ordered levels ascend by and large. Unused codes come last; an unused ordered level, even 0,
        keeps its place.
        """
        return self._model.quantizer.num_codes

    @torch.no_grad()
    def encode_to_puzzle(self, waveform: Tensor) -> Tensor:
        """Codes int64 [B, 30, 30] of waveforms [B, 16000] in -1..1 at 16 kHz.

        Row 0 is the lowest band, column 0 the first frame. Raises UserError for another shape.
        """
        _check_shape("Waveforms", waveform, (self._front_end.num_samples,))
        mel_db = self._front_end.mel_db(waveform.float())
        window = window_of(self._model.normalisation, mel_db)
        return self._network.encode(window.normalize(mel_db))

    @torch.no_grad()
    def decode_from_puzzle(self, puzzle: Tensor) -> Tensor:
        """Mel spectrograms [B, 1, 128, 32] in 0..1 of codes [B, 30, 30] of any integer type.

        Raises UserError for another type or shape, and for codes out of range.
        """
        _check_shape("Puzzles", puzzle, (GRID, GRID))
        if puzzle.is_floating_point() or puzzle.is_complex() or puzzle.dtype == torch.bool:
            raise UserError(f"Puzzles must hold integer codes, got {puzzle.dtype}.")
        codes = puzzle.long()
        if bool(((codes < 0) | (codes >= self.num_codes)).any()):
            found = f"{int(codes.min())} to {int(codes.max())}"
            raise UserError(f"Codes must lie between 0 and {self.num_codes - 1}, got {found}.")
        return self._network.decode(codes)

    def to_waveform(self, mel: Tensor) -> Tensor:
        """Waveforms [B, 16000] of mel spectrograms [B, 1, 128, 32] in 0..1, for listening.

        Raises UserError where the recipe has no fixed window: the decibels are then not known.
        """
        normalisation = self._model.normalisation
        assert isinstance(normalisation, FixedWindow), "batch min/max keeps no decibels"
        return self._front_end.to_waveform(window_of(normalisation, mel).decibels(mel))


def load_puzzle_vae(folder: Path) -> PuzzleVae:
    """Load what a recipe exported: puzzle.json and weights.pth.

    Raises UserError where a file is missing, damaged or of another format.
    """
    tables = _read_card(folder / "puzzle.json")
    network = build_network(tables.model)
    import_weights(network, folder / "weights.pth")
    return PuzzleVae(network, tables.model, FrontEnd.of(tables.dataset))


def _check_shape(what: str, given: Tensor, wanted: tuple[int, ...]) -> None:
    if given.ndim != len(wanted) + 1 or given.shape[1:] != wanted:
        sizes = ", ".join(map(str, wanted))
        raise UserError(f"{what} must have the shape [B, {sizes}], got {list(given.shape)}.")


def _read_card(path: Path) -> _Tables:
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values = {name: card[name] for name in ("model", "dataset")}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is missing or damaged: export the recipe again.") from error
    tables, faults = structure(values, _Tables)
    if tables is None:
        key, wrong = faults[0]
        raise UserError(f"{path}: {'.'.join(map(str, key))}: {wrong}.")
    return tables
