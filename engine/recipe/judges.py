"""The judges that a recipe can name: their figures, needed references and languages.

The judges themselves, which need packages of others, are in engine/metrics/judges.
"""

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from engine.errors import RefusedValuesError
from engine.recipe.training import Direction

Need = Literal["original", "voice", "text"]
"""References besides the audio: the recording it should equal, sample for sample; any recording of
the voice it should have; the text it should say."""


@frozen
class JudgedFigure:
    """One of the figures that a judge gives a clip."""

    about: str
    best_is: Direction | None
    """Direction of the figure; None where no value is better by itself."""


@frozen
class KnownJudge:
    """The description of a judge, without loading it."""

    figures: Mapping[str, JudgedFigure]
    needs: frozenset[Need] = frozenset()
    languages: frozenset[str] | None = None
    """Codes such as "en"; None: the judge scores sound, not words, and takes any language."""


_ORIGINAL: frozenset[Need] = frozenset({"original"})
_VOICE: frozenset[Need] = frozenset({"voice"})

JUDGES: Mapping[str, KnownJudge] = {
    "dnsmos": KnownJudge(
        {
            "dnsmos_ovrl": JudgedFigure("overall quality by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_sig": JudgedFigure("quality of the speech by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_bak": JudgedFigure("freedom from noise by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_p808": JudgedFigure("overall quality by DNSMOS P.808, 1 to 5", "highest"),
        }
    ),
    "plcmos": KnownJudge(
        {"plcmos": JudgedFigure("freedom from gaps and dropouts by PLCMOS v2, 1 to 5", "highest")}
    ),
    "distillmos": KnownJudge(
        {"distillmos": JudgedFigure("overall quality by Distill-MOS, 1 to 5", "highest")}
    ),
    "visqol": KnownJudge(
        {"visqol": JudgedFigure("ViSQOL: similarity to the original, 1 to 5", "highest")}, _ORIGINAL
    ),
    "pesq": KnownJudge(
        {
            "pesq": JudgedFigure(
                "PESQ (ITU-T P.862; narrow band below 16 kHz, otherwise wide band)", "highest"
            )
        },
        _ORIGINAL,
    ),
    "stoi": KnownJudge(
        {"stoi": JudgedFigure("short-time objective intelligibility", "highest")}, _ORIGINAL
    ),
    "resemblyzer": KnownJudge(
        {
            "resemblyzer": JudgedFigure(
                "similarity of the voice, the cosine of Resemblyzer's encoder", "highest"
            )
        },
        _VOICE,
    ),
    "swift_f0": KnownJudge(
        {
            "f0_median_hz": JudgedFigure("median fundamental frequency in Hz by SwiftF0", None),
            "f0_spread_semitones": JudgedFigure(
                "standard deviation of the pitch in semitones by SwiftF0", None
            ),
        }
    ),
    "swift_f0_error": KnownJudge(
        {
            "f0_error_cents": JudgedFigure(
                "median distance of the pitch from the original's, in cents by SwiftF0", "lowest"
            ),
            "f0_voicing_error": JudgedFigure(
                "share of frames that are voiced in only one of clip and original, by SwiftF0",
                "lowest",
            ),
        },
        _ORIGINAL,
    ),
    "silero_vad": KnownJudge(
        {
            "speech_share": JudgedFigure("share of the clip that is speech, by Silero VAD", None),
            "longest_pause_seconds": JudgedFigure(
                "longest pause before, in or after the speech, by Silero VAD", None
            ),
        }
    ),
}
"""Judges by the name that recipes use."""

JUDGE_OF: Mapping[str, str] = {
    figure: name for name, judge in JUDGES.items() for figure in judge.figures
}
"""The judge of a figure, by its name."""


def require_language(name: str, language: str) -> None:
    """Raise UserError where a judge of JUDGES does not know a language ("hu", "pt-br")."""
    languages = JUDGES[name].languages
    if languages is not None and language.partition("-")[0] not in languages:
        knows = ", ".join(sorted(languages))
        raise RefusedValuesError(
            f"The judge '{name}' knows {knows}, not the language '{language}'. Take it out of the "
            "recipe's judges, or name a recognizer of that language in [speech_evaluation]."
        )
