"""Keys of every system's dataset table: the corpus, and the clips that are held out.

A system's own dataset class inherits them, and `engine.split.select` reads them, so that a new
system gets pinned and inherited evaluation sets by naming its corpus.
"""

from typing import Literal

from attrs import frozen

from engine.recipe.fields import at_least, between, matches, not_empty, setting

evaluation_name = matches(r"[A-Za-z0-9_]+", "a word of letters, digits and underscores")
"""A check of the name of a pinned evaluation set."""


@frozen(kw_only=True)
class CorpusClips:
    """The clips of a corpus to train on, and those held out for evaluation."""

    corpus: str = setting("name of a corpus in params.toml", check=not_empty)
    split: Literal["speaker_disjoint", "text_disjoint", "random"] = setting(
        "how evaluation clips are chosen: by the corpus's official lists (else by speaker), by "
        "transcript, so that no sentence is in both sets, or at random over recordings; with the "
        "last two, evaluation shares speakers with training",
        default="speaker_disjoint",
    )
    eval_share: float = setting(
        "share of clips (speakers) held out where the corpus has no list",
        default=0.2,
        check=between(0.0, 1.0),
    )
    num_train_clips: int | None = setting(
        "largest number of training clips", default=None, check=at_least(1)
    )
    num_eval_clips: int | None = setting(
        "largest number of evaluation clips, where they are not pinned or inherited",
        default=None,
        check=at_least(1),
    )
    evaluation: str | None = setting(
        "name of a pinned evaluation set, evaluation/<name>.tsv, which `cantus pin-eval` writes; "
        "used instead of a split",
        default=None,
        check=evaluation_name,
    )
