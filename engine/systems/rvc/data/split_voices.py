"""Corrects a split so that every voice of a held-out clip is trained."""

from collections.abc import Sequence

import numpy as np
from attrs import evolve

from engine.errors import RefusedValuesError
from engine.files.text import visible
from engine.system_support.corpus_system import SplitCorpus
from engine.systems.rvc.recipe import RvcRecipe


def learnable(
    data: SplitCorpus, speakers: np.ndarray, names: Sequence[str], recipe: RvcRecipe
) -> tuple[SplitCorpus, list[str]]:
    """The split in which no voice is wholly held out, and sentences on the corrected voices.

    Clips of such voices are trained on instead; clips of a frozen or inherited set stay where they
    are. `speakers` are the numbers of the clips' speakers at `data.rows`. Raises UserError where no
    held-out clip is left.
    """
    split = data.split
    unlearned = np.setdiff1d(speakers[split.evaluation], speakers[split.train])
    notes = [_said(names[number], int((speakers == number).sum())) for number in unlearned.tolist()]
    if not notes or _is_given(recipe):
        return data, notes
    moved = np.isin(speakers[split.evaluation], unlearned)
    if moved.all():
        raise RefusedValuesError(
            f"No clip is left to be evaluated: every speaker that would be held out has no other "
            f"clip. {' '.join(notes)} Add clips of the same voices. {cut_it(recipe.dataset.corpus)}"
        )
    train = np.sort(np.concatenate([split.train, split.evaluation[moved]]))
    mended = evolve(split, train=train, evaluation=split.evaluation[~moved])
    return evolve(data, split=mended), [f"{note} These clips are trained on." for note in notes]


def cut_it(corpus: str) -> str:
    """How a long recording becomes several clips."""
    return (
        f"A long recording becomes several clips where it is quiet: set corpora.{corpus}.segment = "
        f"'silence' and corpora.{corpus}.max_seconds = 10 in params.toml, and run 'cantus ingest "
        f"{corpus}'."
    )


def only_chosen(data: SplitCorpus) -> tuple[SplitCorpus, np.ndarray]:
    """The split without rows that are in neither set, and the places of the rows that are left."""
    split = data.split
    places = np.union1d(split.train, split.evaluation)
    chosen = evolve(
        split,
        train=np.searchsorted(places, split.train),
        evaluation=np.searchsorted(places, split.evaluation),
    )
    return evolve(data, rows=data.rows[places], split=chosen), places


def _is_given(recipe: RvcRecipe) -> bool:
    """Whether the evaluation clips are a frozen set's, or those of the recipe that is continued."""
    return recipe.evaluation_parent is not None or recipe.dataset.evaluation is not None


def _said(name: str, num_clips: int) -> str:
    clips = "its only clip was" if num_clips == 1 else f"all its {num_clips} clips were"
    return f"Speaker '{visible(name)}': {clips} drawn to be held out."
