"""The judges that a recipe can name: what each measures, what it needs, which languages it knows.

The judges themselves, which need packages of others, are in engine/metrics/judges.
"""

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from engine.errors import UserError

Need = Literal["original", "voice", "text"]
"""Besides the audio: the very recording it should equal, sample for sample; any recording of the
voice it should have; the text it should say."""


@frozen
class JudgedFigure:
    """One of the figures that a judge gives a clip."""

    about: str
    best_is: Literal["lowest", "highest"] | None
    """None: a description, of which no value is better by itself."""


@frozen
class KnownJudge:
    """What is known of a judge without loading it."""

    figures: Mapping[str, JudgedFigure]
    needs: frozenset[Need] = frozenset()
    languages: frozenset[str] | None = None
    """Codes such as "en"; None: it judges sound, not words, and takes any language."""


JUDGES: Mapping[str, KnownJudge] = {
    "dnsmos": KnownJudge(
        {
            "dnsmos_ovrl": JudgedFigure("overall quality by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_sig": JudgedFigure("quality of the speech by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_bak": JudgedFigure("freedom from noise by DNSMOS P.835, 1 to 5", "highest"),
            "dnsmos_p808": JudgedFigure("overall quality by DNSMOS P.808, 1 to 5", "highest"),
        }
    ),
}
"""By the name that recipes use."""


def require_language(name: str, language: str) -> None:
    """Raise UserError where a judge of JUDGES does not know a language ("hu", "pt-br")."""
    languages = JUDGES[name].languages
    if languages is not None and language.partition("-")[0] not in languages:
        knows = ", ".join(sorted(languages))
        raise UserError(
            f"The judge '{name}' knows {knows}, not the language '{language}'. Take it out of the "
            "recipe's judges, or name a recogniser of that language in [speech_evaluation]."
        )
