"""Export of a trained network for other tools: weights, code grids, and a description of both."""

import copy
import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen

from engine.corpus import Corpus
from engine.files.atomic import reserve
from engine.files.safe_names import table_cell
from engine.recipe import to_plain
from engine.split import Split
from engine.systems.vqvae.data.dataset import VqvaeClips
from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.errors import normalized_batches
from engine.systems.vqvae.evaluate import Evaluation
from engine.systems.vqvae.files.weights import named_as_published
from engine.systems.vqvae.network.model import GridAutoencoder
from engine.systems.vqvae.recipe import VqvaeRecipe
from engine.systems.vqvae.shapes import GRID

FORMAT = 1
AXES = {"rows": "frequency; row 0 is the lowest band", "columns": "time; column 0 is the first"}


@frozen(kw_only=True)
class Export:
    """Writes a network whose codes are numbered by the energy of the cells that have them.

    Ordered levels can only be reversed, so that an unused level keeps its place.
    """

    recipe: VqvaeRecipe
    corpus: Corpus
    split: Split
    front_end: FrontEnd
    clips: VqvaeClips
    """Every clip of the corpus, in manifest order."""

    def write(
        self,
        folder: Path,
        network: GridAutoencoder,
        evaluation: Evaluation,
        facts: Mapping[str, Any],
    ) -> None:
        """Write weights.pth, codes.npy, index.csv and puzzle.json into a new folder.

        `facts` (metrics, digest of the evaluation set) go into puzzle.json as they are.
        """
        folder.mkdir(parents=True)
        network = copy.deepcopy(network).cpu().eval()
        mean_db = torch.from_numpy(evaluation.energies.mean_db)
        order = network.vq.renumber(mean_db)
        with (folder / "weights.pth").open("wb") as file:  # given a path, torch hides why it failed
            torch.save(named_as_published(network, self.front_end.mel), file)
        self._write_codes(network, folder / "codes.npy")
        self._write_index(folder / "index.csv")
        means = [_or_none(value) for value in mean_db[order].tolist()]
        card = {**self._card(), "code_mean_db": means, **facts}
        (folder / "puzzle.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")

    @torch.no_grad()
    def _write_codes(self, network: GridAutoencoder, path: Path) -> None:
        """Codes uint8 [clips, 30, 30] of the whole corpus, a batch in memory at a time."""
        shape = (len(self.clips), GRID, GRID)
        codes = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype("uint8"), shape=shape)
        reserve(path)
        normalisation, start = self.recipe.model.normalisation, 0
        size = self.recipe.training.batch_size
        for mel_db, window in normalized_batches(self.clips, normalisation, size):
            stop = start + len(mel_db)
            codes[start:stop] = network.encode(window.normalize(mel_db)).numpy()
            start = stop
        codes.flush()

    def _write_index(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["row", "id", "speaker", "label", "split"])
            writer.writerows(self._rows())

    def _rows(self) -> Iterator[tuple[int | str | None, ...]]:
        use = dict.fromkeys(self.split.train.tolist(), "train")
        use |= dict.fromkeys(self.split.evaluation.tolist(), "eval")
        for row, clip in enumerate(self.corpus.manifest.clips):
            words = map(table_cell, (clip.id, clip.speaker, clip.label))
            yield row, *words, use.get(row, "unused")

    def _card(self) -> dict[str, Any]:
        plain = to_plain(self.recipe)
        return {
            "format": FORMAT,
            "recipe": self.recipe.name,
            "model": plain["model"],
            "dataset": plain["dataset"],
            "front_end": self.front_end.facts,
            "axes": AXES,
            "corpus": self.corpus.digest,
        }


def _or_none(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None
