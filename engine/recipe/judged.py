"""The judges that score a recipe's clips at every evaluation, and their metrics."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from attrs import frozen

from engine.errors import UserError
from engine.recipe.faults import did_you_mean, listed
from engine.recipe.fields import setting
from engine.recipe.judges import JUDGES, JudgedFigure, KnownJudge, Need, require_language
from engine.recipe.training import Direction

GROUP = "judged"
"""Part of the names of judged metrics: `eval/judged/wer`."""
MOST_CLIPS = 100
"""Largest number of judged clips: more would cost more than training between evaluations."""

OF_PARAMS: Mapping[str, KnownJudge] = {
    "speech_recogniser": KnownJudge(
        {
            "wer": JudgedFigure("word error rate, over the words of the text", "lowest"),
            "cer": JudgedFigure(
                "character error rate, over the characters of the text",
                "lowest",
            ),
        },
        frozenset({"text"}),
    ),
    "speaker_encoder": KnownJudge(
        {
            "similarity": JudgedFigure(
                "similarity of the voice to the one it should have, a cosine", "highest"
            )
        },
        frozenset({"voice"}),
    ),
}
"""Judges whose folders [speech_evaluation] of params.toml names, by its keys."""

KNOWN: Mapping[str, KnownJudge] = {**JUDGES, **OF_PARAMS}
"""Every judge that a recipe may name."""

_NEEDS: Mapping[Need, str] = {
    "original": "the recording that a clip should equal",
    "voice": "a recording of the voice that a clip should have",
    "text": "the text that a clip should say",
}


def _names(value: tuple[str, ...]) -> str | None:
    if len(set(value)) < len(value):
        return "names a judge twice"
    unknown = [name for name in value if name not in KNOWN]
    if not unknown:
        return None
    return f"no judge is called '{unknown[0]}'{did_you_mean(unknown[0], KNOWN)} (known: " + (
        f"{listed([*KNOWN])})"
    )


@frozen(kw_only=True)
class Judged:
    """A table of clips that judges can score; with judges, it is part of the identity."""

    judges: tuple[str, ...] = setting(
        "judges that score these clips at every evaluation, as eval/judged/...: names of "
        "docs/judges.md, or 'speech_recogniser' and 'speaker_encoder', whose folders params.toml "
        "names. The first one picks the checkpoint that is kept beside the best by the loss",
        default=(),
        check=_names,
    )


def judged_metrics(gives: Collection[Need]) -> dict[str, str]:
    """Descriptions of all metrics of the judges that clips with these references allow."""
    return {
        f"eval/{GROUP}/{name}": f"{figure.about}; mean over the judged clips"
        for judge in KNOWN.values()
        if judge.needs.issubset(gives)
        for name, figure in judge.figures.items()
    }


def judged_sides(gives: Collection[Need]) -> dict[str, Direction]:
    """Directions of these metrics, where they have one."""
    return {
        f"eval/{GROUP}/{name}": figure.best_is
        for judge in KNOWN.values()
        if judge.needs.issubset(gives)
        for name, figure in judge.figures.items()
        if figure.best_is is not None
    }


def judged_by(judges: Iterable[str]) -> list[str]:
    """The metrics of some judges, in their order."""
    return [f"eval/{GROUP}/{name}" for judge in judges for name in KNOWN[judge].figures]


def judge_faults(
    judges: Collection[str], gives: Collection[Need], num_clips: int, languages: Collection[str]
) -> Iterator[str]:
    """Faults of asking some judges to score so many clips in some languages."""
    for name in judges:
        for need in sorted(KNOWN[name].needs.difference(gives)):
            yield f"'{name}' needs {_NEEDS[need]}, which these clips do not have"
        if name in JUDGES:
            for language in languages:
                try:
                    require_language(name, language)
                except UserError as error:
                    yield str(error)
    if judges and not num_clips:
        yield "there are no clips to judge"
    if judges and num_clips > MOST_CLIPS:
        yield f"an evaluation judges at most {MOST_CLIPS} clips, got {num_clips}"
