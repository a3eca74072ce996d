"""`cantus.identity/1`: what the identity of a run covers."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from engine.cli.answers.answer import Answer, entry


@frozen(kw_only=True)
class LastRun:
    """The last run of the recipe, where that has another identity."""

    identity: str = entry("its digits")
    difference: str = entry("what differs from it, in a sentence")


@frozen(kw_only=True)
class IdentityAnswer(Answer):
    """What `cantus identity --json` prints."""

    SCHEMA = "cantus.identity/1"

    recipe: str = entry("name of the run")
    identity: str = entry("twelve hex digits over all of the below: the name of the run's folder")
    folder: str | None = entry("the run's folder; null where the run has not begun")
    settings: Mapping[str, Any] = entry("every value that affects training")
    settings_digest: str = entry("digest of these")
    settings_shown_by: str = entry("the file or the command that shows every value")
    seed: int = entry("the seed of params.toml")
    corpus: str = entry("the corpus")
    data: str = entry("digest of the corpus as the recipe uses it")
    training_set: str = entry("digest of the training clips")
    evaluation_set: str = entry("digest of the evaluation clips and of how they are cut")
    judges: tuple[str, ...] = entry("the judges that the recipe names")
    judges_digest: str | None = entry("digest of the judged clips and the judges; null without")
    initial_weights: str = entry("where the initial weights come from")
    initial_digest: str | None = entry("digest of these; null where they are drawn at random")
    code: Mapping[str, str] = entry("digest of each module, and version of each library")
    last_run: LastRun | None = entry("null where there is none, or it has this identity")
