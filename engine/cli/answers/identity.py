"""`cantus.identity/1`: what the identity of a run covers."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from engine.cli.answers.answer import Answer


@frozen(kw_only=True)
class LastRun:
    """The last run of the recipe, where that has another identity."""

    identity: str
    """Digits of the identity."""
    difference: str
    """What differs from it, in a sentence."""


@frozen(kw_only=True)
class IdentityAnswer(Answer):
    """What `cantus identity --json` prints."""

    SCHEMA = "cantus.identity/1"

    recipe: str
    """Name of the run."""
    identity: str
    """Twelve hex digits over all of the below: the name of the run's folder."""
    folder: str | None
    """The run's folder; null where the run has not begun."""
    settings: Mapping[str, Any]
    """Every value that affects training."""
    settings_digest: str
    """Digest of these."""
    settings_shown_by: str
    """The file or the command that shows every value."""
    seed: int
    """The seed of params.toml."""
    corpus: str
    """The corpus."""
    data: str
    """Digest of the corpus as the recipe uses it."""
    training_set: str
    """Digest of the training clips."""
    evaluation_set: str
    """Digest of the evaluation clips and of how they are cut."""
    judges: tuple[str, ...]
    """The judges that the recipe names."""
    units_digest: str
    """Digest of the judged clips and the judges; null without."""
    initial_weights: str
    """Where the initial weights come from."""
    initial_digest: str | None
    """Digest of these; null where they are drawn at random."""
    code: Mapping[str, str]
    """Digest of each module, and version of each library."""
    last_run: LastRun | None
    """Null where there is none, or it has this identity."""
