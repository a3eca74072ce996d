"""The project's language: plain English, the field's terms, no pronoun without its noun.

`python tests/test_language.py PATH...` lists what is to be mended in files and folders.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READ = (
    "engine",
    "recipes",
    "docs",
    "examples",
    "benchmarks",
    "published",
    "evaluation",
)
SUFFIXES = {".py", ".md", ".toml", ".html", ".js", ".css", ".yaml"}

# Files and folders that are still to be mended. May only become shorter.
PENDING: tuple[str, ...] = (
    "engine/systems/rvc/training_module.py",  # a buffer's name in checkpoints
)


@dataclass(frozen=True)
class Rule:
    """A word or shape that may not come back, what to write instead, and texts it finds."""

    pattern: str
    instead: str
    found: tuple[str, ...]

    def hits(self, text: str) -> Iterator[re.Match[str]]:
        """Where it stands in a text: in prose and in names, whatever divides the words."""
        return re.finditer(self.pattern, text)


def _words(alternatives: str) -> str:
    """Whole words, also as parts of names; a space may be a line break inside a comment."""
    return rf"(?i)(?<![A-Za-z])(?:{alternatives.replace(' ', '[^A-Za-z0-9.]+')})(?![A-Za-z])"


def _docstring(begins: str) -> str:
    return rf'"""(?:{begins})\b'


_IZE = (  # the four letters before "ise": normalise, optimise, recognise
    "rmal|ptim|cogn|thes|tial|mmar|uant|oken|oral|eral|cial|rial|real|rgan|"
    "llel|enal|inim|axim|qual|dard|cter|egor|emor|mbol|util|sual|ocal|ndom|stom|"
    "oman|ctor|metr"
)
_KEYS = (
    r"(?:(?<=\bnormal)|(?<=_normal))"
    r"(?:isation\b|ise(?: =|`|: Literal|=\"|\":|\b(?<=\.normalise))|ised(?:\"|_text))"
)
"""Names of recipes' keys and of table columns, which stay as they are, at their "is"."""
RULES = (
    Rule(_words("nought"), "zero", ("below nought",)),
    Rule(_words("fore(?:tell|told|see|seen|sees)"), "predict, expect", ("_foretell", "foreseen")),
    Rule(_words("hearken|heed|heeds|strikes"), "a plain verb", ("_heed", "clock.strikes")),
    Rule(_words("worth"), "the quantity meant: an increase, a share", ("what text is worth",)),
    Rule(
        r"(?i)(?<![A-Za-z.])(?:tells?|told(?!_apart)|telling)(?![A-Za-z])",
        "say, report, inform; 'tell apart': distinguish",
        ("tell_advice", "is told", "tells apart"),
    ),
    Rule(
        _words("hears?|heard|hearing"),
        "is conditioned on, takes, evaluates, recognizes; of people: listen, audible",
        ("never heard", "self._heard"),
    ),
    Rule(_words("by heart"), "memorized", ("learned by\n    # heart",)),
    Rule(_words("anew|afresh"), "again, new, from the beginning", ("drawn anew",)),
    Rule(
        _words("first author|second author"),
        "the source by name: 'write-up 001'",
        ("first author",),
    ),
    Rule(
        r"(?i)(?<![A-Za-z'\"])(?:his|him|he(?! hi))(?![A-Za-z'\"/])",
        "the noun: the user, write-up 001",
        ("he says", "of his"),
    ),
    Rule(_words("of old"), "earlier, former", ("of old",)),
    Rule(
        _words("(?:is|was|has|had|are|were) no numbers?|what is no"),
        "not finite (NaN)",
        ("is no number",),
    ),
    Rule(
        r"(?<!there )(?<!There )\b(?:is|are|was|were) none\b(?! else)",
        "say what is wrong with it, or what it lacks",
        ("where it is none",),
    ),
    Rule(
        r"\b(?:is|are|was|were) (?:another one|another|others)(?=[.,;:)\"]|$)",
        "differs, differ",
        ("its code is another.", "labels are others"),
    ),
    Rule(_words("looks at|a look at"), "reads, inspects, checks", ("looks at files",)),
    Rule(
        _words("(?:came|comes|come|became|become|becomes) of"),
        "the result of",
        ("what became of it",),
    ),
    Rule(_words("nobody here|sick"), "who or what exactly", ("which nobody here can judge",)),
    Rule(_words("judges? minds?|minds"), "is sensitive to", ("what each judge minds",)),
    Rule(
        _words("learn(?:s|ed)? no more|(?:is|are) no more(?! than)"),
        "no longer",
        ("learned no more",),
    ),
    Rule(
        rf"(?<!speech_recogn)(?<!unquant)(?!{_KEYS})(?<={_IZE})is"
        r"(?:e|es|ed|er|ers|ing|able|ations?)(?![a-z])",
        "-ize, -ization (Oxford spelling: -ize, but colour, centre, licence)",
        ("normalised", "Optimiser", "recognisers"),
    ),
    Rule(
        _docstring(
            "Those|Them|They|It|Its|Their|These|This is|That|So many|As|Of|The same|The others?|"
            "No more|Nothing of"
        ),
        "a docstring begins with the noun or the verb of what it describes",
        ('"""Those of a project.', '"""Of the files.', '"""It is over.'),
    ),
    Rule(
        _docstring("What (?:is|was|it|they|of|its|became|has)(?! wrong)"),
        "name the thing: 'Results of', 'Facts about', 'Settings for'",
        ('"""What is known of a file.', '"""What it answers.'),
    ),
)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in sorted(inside) if file.suffix in SUFFIXES and file.is_file())


def _all_files() -> list[Path]:
    loose = [file for file in ROOT.iterdir() if file.suffix in SUFFIXES]
    return list(_files([*(ROOT / name for name in READ), *loose]))


def _complaints(file: Path) -> list[str]:
    text = file.read_text()
    return [
        f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}: "
        f"{_around(text, hit)!r}: write instead: {rule.instead}"
        for rule in RULES
        for hit in rule.hits(text)
    ]


def _around(text: str, hit: re.Match[str]) -> str:
    before, after = text[: hit.start()], text[hit.end() :]
    return " ".join(
        (before.split("\n")[-1][-20:] + hit.group() + after.split("\n")[0][:20]).split()
    )


def _is_below(file: Path, pending: str) -> bool:
    return (ROOT / pending) == file or (ROOT / pending) in file.parents


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.found[0])
def test_a_rule_finds_its_examples(rule: Rule) -> None:
    assert all(next(rule.hits(text), None) for text in rule.found)


def test_the_project_speaks_plain_english() -> None:
    files = [f for f in _all_files() if not any(_is_below(f, pending) for pending in PENDING)]
    complaints = [complaint for file in files for complaint in _complaints(file)]
    assert not complaints, "\n" + "\n".join(complaints)


def test_only_what_is_still_to_be_mended_is_pending() -> None:
    mended = [
        pending
        for pending in PENDING
        if not any(_complaints(file) for file in _files([ROOT / pending]))
    ]
    assert not mended, f"delete from PENDING: {mended}"


if __name__ == "__main__":
    given = [Path(path).resolve() for path in sys.argv[1:]]
    sys.stdout.writelines(f"{line}\n" for file in _files(given) for line in _complaints(file))
