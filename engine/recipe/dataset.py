"""The keys that the dataset table of every system has: which corpus, and which clips are held out.

A system's own dataset class inherits them, and `engine.split.select` reads them: so a new system
gets frozen and inherited evaluation sets by naming its corpus.
"""

from typing import Literal

from attrs import frozen

from engine.recipe.fields import at_least, between, matches, not_empty, setting

evaluation_name = matches(r"[A-Za-z0-9_]+", "a word of letters, digits and underscores")
"""What is wrong with the name of a frozen evaluation set, or None."""


@frozen(kw_only=True)
class CorpusClips:
    """Which clips of which corpus are learned from, and which are held out for evaluation."""

    corpus: str = setting("corpus in params.toml", check=not_empty)
    split: Literal["speaker_disjoint", "text_disjoint", "random"] = setting(
        "how evaluation clips are chosen: the corpus's official lists (else by speaker), by "
        "transcript, so that no sentence is in both, or at random over recordings; the last two "
        "let speakers leak into the evaluation",
        default="speaker_disjoint",
    )
    eval_share: float = setting(
        "share of clips (speakers) held out where no list says",
        default=0.2,
        check=between(0.0, 1.0),
    )
    num_train_clips: int | None = setting(
        "at most so many training clips", default=None, check=at_least(1)
    )
    num_eval_clips: int | None = setting(
        "at most so many evaluation clips, where they are not frozen or inherited",
        default=None,
        check=at_least(1),
    )
    evaluation: str | None = setting(
        "name of a frozen evaluation set, evaluation/<name>.tsv, which `cantus pin-eval` writes; "
        "it is taken instead of a split",
        default=None,
        check=evaluation_name,
    )
