"""Which clips are learned from and which are held out. Pure functions of what is known of them."""

import numpy as np
from attrs import frozen

from engine.errors import RefusedValuesError
from engine.evaluation.audio import ClipAudio, rows_sharing_audio
from engine.recipe.dataset import CorpusClips
from engine.split.alike import sounding_alike
from engine.split.columns import UNKNOWN, SplitColumns
from engine.split.rules import at_random, by_hash, by_lists, by_text, near

_LISTS = "the corpus's official lists, of which the test list is left out"


@frozen(kw_only=True, eq=False)
class Split:
    """Two sets of clips, as ascending rows of the manifest, that share no clip and no audio."""

    train: np.ndarray
    evaluation: np.ndarray
    how: str
    """A sentence."""
    leaks: str | None
    """A sentence where evaluation may share speakers, recordings or sentences with training."""
    copied: int = 0
    """Evaluation clips whose recording was there again, and was left out of training."""


def split_clips(columns: SplitColumns, rule: CorpusClips, seed: int) -> Split:
    """Hold clips out for evaluation, by the recipe's own rule.

    'speaker_disjoint' follows the corpus's official lists: the test list is used for nothing, and
    clips on no list are learned from unless another list has their voice or recording. Where no
    list is for evaluation, it is split by SHA-1 of the speaker, and clips without one by SHA-1 of
    their recording, so that clips stay where they are when others are added. 'random' draws
    recordings by `seed`; 'text_disjoint' splits by SHA-1 of the transcript. `num_train_clips` and
    `num_eval_clips` keep a pseudo-random part of each set, by hash. Raises UserError where one of
    the sets would be empty.
    """
    if rule.split == "random":
        train = np.ones(len(columns), bool)
        held_out, how = at_random(columns, rule.eval_share, seed)
    elif rule.split == "text_disjoint":
        train = np.ones(len(columns), bool)
        held_out, how = by_text(columns, rule.eval_share)
    else:
        train, unlisted = by_lists(columns)
        held_out = columns.listed == "eval"
        how = f"{_LISTS}{unlisted}"
        if not held_out.any():
            held_out, said = by_hash(columns, train, rule.eval_share)
            listed = (columns.listed != "").any()
            how = (
                f"{how}; evaluation, which has no list, is of the rest: {said}" if listed else said
            )
    evaluation = _at_most(columns, np.flatnonzero(held_out), rule.num_eval_clips)
    return _split(columns, train & ~held_out, evaluation, rule, how)


def split_around(
    columns: SplitColumns, evaluation: np.ndarray, rule: CorpusClips, how: str
) -> Split:
    """Take given rows for evaluation; train on all that the recipe's rule allows beside them.

    Under 'speaker_disjoint' the official lists keep their part. Clips on no list with a voice of
    the evaluation are not trained on, unless it holds every voice; nor are those of its
    recordings, unless it holds a part of each. Raises UserError as `split_clips` does.
    """
    train, free = np.ones(len(columns), bool), np.ones(len(columns), bool)
    groups = [columns.places]
    if rule.split == "text_disjoint":
        groups = [columns.sentences, columns.places]
    if rule.split == "speaker_disjoint":
        train, unlisted = by_lists(columns)
        how, free = how + unlisted, columns.listed == ""
        groups = [columns.speakers, columns.places]
    for group in groups:
        others = train & ~(free & near(group, evaluation))
        train = others if others.any() else train
    return _split(columns, train, np.sort(evaluation), rule, how)


def _split(
    columns: SplitColumns, train: np.ndarray, evaluation: np.ndarray, rule: CorpusClips, how: str
) -> Split:
    """The two sets, without training clips that have the audio of an evaluation clip.

    They share audio with it, or sound like it and have no other transcript.
    """
    train = train.copy()
    train[evaluation] = False
    rows = np.flatnonzero(train)
    same = rows_sharing_audio(_audio(columns, rows), _audio(columns, evaluation))
    if same:
        how += f"; {len(same)} that share audio with an evaluation clip are not learned from"
    rows = np.delete(rows, same)
    alike = sounding_alike(columns, rows, evaluation)
    if len(alike.copies):
        how += f"; {len(alike.copies)} that sound like an evaluation clip are not learned from"
    rows = _at_most(columns, np.setdiff1d(rows, alike.copies), rule.num_train_clips)
    if not len(rows) or not len(evaluation):
        raise RefusedValuesError(_empty(len(rows), len(evaluation), how))
    leaks = _leaks(columns, rows, evaluation, np.intersect1d(rows, alike.others))
    return Split(train=rows, evaluation=evaluation, how=how, leaks=leaks, copied=len(alike.copied))


def _audio(columns: SplitColumns, rows: np.ndarray) -> ClipAudio:
    return ClipAudio(columns.digests[rows], columns.spans[rows])


def _at_most(columns: SplitColumns, rows: np.ndarray, number: int | None) -> np.ndarray:
    if number is None or len(rows) <= number:
        return rows
    return np.sort(rows[np.argsort(columns.turns[rows], kind="stable")[:number]])


def _leaks(
    columns: SplitColumns, train: np.ndarray, evaluation: np.ndarray, alike: np.ndarray
) -> str | None:
    both = columns.speakers[np.concatenate([train, evaluation])]
    sentences = [
        _shared("speakers", columns.speakers, train, evaluation),
        _shared("recordings", columns.places, train, evaluation),
        _shared(
            "sentences", np.where(columns.words, UNKNOWN, columns.sentences), train, evaluation
        ),
    ]
    if (both == UNKNOWN).all():
        sentences.append(
            "Speakers are not known, so the same voice may be in training and in evaluation."
        )
    elif num_unknown := int((both == UNKNOWN).sum()):
        sentences.append(
            f"Clips without a speaker: {num_unknown}. Their voices may be in training and in "
            "evaluation."
        )
    if len(alike):
        sentences.append(
            f"{len(alike)} training clips sound for the most part like an evaluation clip, and "
            "have another transcript, as synthetic voices make them."
        )
    return " ".join(filter(None, sentences)) or None


def _shared(what: str, group: np.ndarray, train: np.ndarray, evaluation: np.ndarray) -> str:
    tested = np.setdiff1d(group[evaluation], [UNKNOWN])
    shared = np.intersect1d(tested, group[train])
    are = f"{len(shared)} of the {len(tested)} {what} of the evaluation are in training too."
    return are if len(shared) else ""


def _empty(num_train: int, num_evaluation: int, how: str) -> str:
    which = "evaluation" if num_train else "training"
    return (
        f"There are no {which} clips. Split by {how}, "
        f"{num_train} are for training and {num_evaluation} for evaluation. Add clips, set "
        "dataset.split = 'random', or change dataset.eval_share."
    )
