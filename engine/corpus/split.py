"""Which clips are learned from and which are held out. Pure functions of what is known of them."""

import numpy as np
from attrs import frozen

from engine.corpus.traits import UNKNOWN, Traits, place
from engine.errors import UserError
from engine.evaluation.digests import keys, rows_among
from engine.recipe.dataset import CorpusClips


@frozen(kw_only=True, eq=False)
class Split:
    """Two sets of clips, as ascending rows of the manifest, that share no clip and no audio."""

    train: np.ndarray
    evaluation: np.ndarray
    how: str
    """A sentence."""
    leaks: str | None
    """A sentence where evaluation may share speakers with training."""


def split_clips(traits: Traits, rule: CorpusClips, seed: int) -> Split:
    """Hold clips out for evaluation, by the recipe's own rule.

    'speaker_disjoint' follows the corpus's official lists (the test list is used for nothing); a
    corpus without them is split by SHA-1 of the speaker, and clips without one by SHA-1 of the
    clip, so that clips stay where they are when others are added. 'random' draws clips by `seed`.
    `num_train_clips` and `num_eval_clips` keep a pseudo-random part of each set, by hash. Raises
    UserError where one of the sets would be empty.
    """
    if rule.split == "random":
        held_out, how = _at_random(len(traits), rule.eval_share, seed)
    elif _is_listed(traits):
        held_out = traits.listed == "eval"
        how = "the corpus's official lists, of which the test list is left out"
    elif traits.names:
        held_out, how = _by_speaker(traits, rule.eval_share)
    else:
        held_out = _lowest(traits.places, rule.eval_share)
        how = f"clip, about {rule.eval_share:.0%} held out by SHA-1 of their ids"
    evaluation = _at_most(traits, np.flatnonzero(held_out), rule.num_eval_clips)
    train = ~held_out
    if rule.split == "speaker_disjoint" and _is_listed(traits):
        train = traits.listed == "train"
    return _split(traits, train, evaluation, rule, how)


def split_around(traits: Traits, evaluation: np.ndarray, rule: CorpusClips, how: str) -> Split:
    """Take given rows for evaluation; train on all that the recipe's rule allows beside them.

    Under 'speaker_disjoint' the official lists keep their part, and the voices of the evaluation
    are not trained on, unless it holds every voice. Raises UserError as `split_clips` does.
    """
    train = np.ones(len(traits), bool)
    if rule.split == "speaker_disjoint" and _is_listed(traits):
        train = traits.listed == "train"
    elif rule.split == "speaker_disjoint":
        heard = np.setdiff1d(traits.speakers[evaluation], [UNKNOWN])
        others = ~np.isin(traits.speakers, heard)
        train = others if others.any() else train
    return _split(traits, train, np.sort(evaluation), rule, how)


def _split(
    traits: Traits, train: np.ndarray, evaluation: np.ndarray, rule: CorpusClips, how: str
) -> Split:
    """The two sets, where no clip with the audio of an evaluation clip is learned from."""
    train = train.copy()
    train[evaluation] = False
    rows = np.flatnonzero(train)
    held_out = set(keys(traits.digests[evaluation]))
    same = [row for row, _ in rows_among(traits.digests[rows], held_out)]
    if same:
        how += f"; {len(same)} with the very audio of an evaluation clip are not learned from"
    rows = _at_most(traits, np.delete(rows, same), rule.num_train_clips)
    if not len(rows) or not len(evaluation):
        raise UserError(_empty(len(rows), len(evaluation), how))
    return Split(train=rows, evaluation=evaluation, how=how, leaks=_leaks(traits, rows, evaluation))


def _is_listed(traits: Traits) -> bool:
    return bool((traits.listed != "").all())


def _at_random(num_clips: int, eval_share: float, seed: int) -> tuple[np.ndarray, str]:
    held_out = np.zeros(num_clips, bool)
    order = np.random.default_rng(seed).permutation(num_clips)
    held_out[order[: round(eval_share * num_clips)]] = True
    return held_out, (
        f"{eval_share:.0%} of the clips, drawn at random with seed {seed}; another seed draws "
        "another evaluation set, whose figures cannot be compared with these"
    )


def _by_speaker(traits: Traits, eval_share: float) -> tuple[np.ndarray, str]:
    voices = _lowest(np.array([place(name) for name in traits.names]), eval_share)
    unknown = traits.speakers == UNKNOWN
    held_out = np.isin(traits.speakers, np.flatnonzero(voices))
    held_out[unknown] = _lowest(traits.places[unknown], eval_share)
    how = f"speaker, {voices.sum()} of {len(voices)} held out by SHA-1 of their names"
    if unknown.any():
        how += f"; clips without a speaker, each taken as one of its own: {unknown.sum()}"
    return held_out, how


def _lowest(places: np.ndarray, share: float) -> np.ndarray:
    """Those whose place lies in the lowest `share`; at least one of several, so that few do."""
    if len(places) < 2:
        return np.zeros(len(places), bool)
    below: np.ndarray = places < max(share, np.nextafter(places.min(), 1.0))
    return below


def _at_most(traits: Traits, rows: np.ndarray, number: int | None) -> np.ndarray:
    if number is None or len(rows) <= number:
        return rows
    return np.sort(rows[np.argsort(traits.turns[rows], kind="stable")[:number]])


def _leaks(traits: Traits, train: np.ndarray, evaluation: np.ndarray) -> str | None:
    both = traits.speakers[np.concatenate([train, evaluation])]
    if (both == UNKNOWN).all():
        return "Speakers are not known, so the same voice may be in training and in evaluation."
    tested = np.setdiff1d(traits.speakers[evaluation], [UNKNOWN])
    shared = np.intersect1d(tested, traits.speakers[train])
    sentences = []
    if len(shared):
        sentences.append(
            f"{len(shared)} of the {len(tested)} speakers of the evaluation are in training too."
        )
    if num_unknown := int((both == UNKNOWN).sum()):
        sentences.append(
            f"Clips without a speaker: {num_unknown}. Their voices may be in training and in "
            "evaluation."
        )
    return " ".join(sentences) or None


def _empty(num_train: int, num_evaluation: int, how: str) -> str:
    which = "evaluation" if num_train else "training"
    return (
        f"There are no {which} clips. Split by {how}, "
        f"{num_train} are for training and {num_evaluation} for evaluation. Add clips, set "
        "dataset.split = 'random', or change dataset.eval_share."
    )
