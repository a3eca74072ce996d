"""A listening test: the identity of each file, and the part that a listener's page may know.

`listening/<test>/test.json` holds the whole test; the page gets `public(test)`, which does not
reveal which version is which.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cattrs
from attrs import asdict, field, frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.text import visible_lines
from engine.files.untrusted import as_user_error, read_json_object
from engine.recipe.metric_names import LISTENING_SCALES

VERSION = 1
LOWEST, HIGHEST = 1, 10
"""Ends of every scale."""
REFERENCE, ANCHOR = "reference", "anchor"
"""Sources of stimuli besides the runs, which are named by their positions."""


@frozen
class TestedRun:
    """A run whose samples are compared."""

    recipe: str
    identity: str
    """Identity of the run whose weights made the samples."""
    title: str
    """The run's name in results: its recipe, with its identity where it is not in models/."""


@frozen
class RatingTrial:
    """One clip in several versions, each to be rated on every scale."""

    id: str
    clip: str
    text: str
    reference: str | None
    """The file of the open reference, or None."""
    stimuli: dict[str, str]
    """The source of each file."""


@frozen
class AbxTrial:
    """One clip in two versions, and X, which is one of them."""

    id: str
    clip: str
    text: str
    a: str
    b: str
    x: dict[str, str]
    """The two possible files of X, and which of 'a' and 'b' each is."""
    sources: tuple[str, str]
    """Sources of `a` and of `b`."""

    @property
    def is_control(self) -> bool:
        """Whether the trial compares the reference with the anchor, which is easy."""
        return REFERENCE in self.sources


@frozen
class ListeningTest:
    """A blind comparison of the samples of several runs."""

    version: int
    id: str
    name: str
    created: int
    """Time in seconds since 1970: the newest test of a run gives its figures."""
    seed: int
    """Seed of the order of clips and versions, which differs for each listener."""
    scales: tuple[str, ...]
    runs: tuple[TestedRun, ...]
    ratings: tuple[RatingTrial, ...]
    comparisons: tuple[AbxTrial, ...]
    notes: tuple[str, ...] = ()
    """Sentences on left-out clips and the anchor."""
    made_of: str = ""
    """Digest of the runs' files and of the options, which is equal for the same test."""
    files: tuple[str, ...] = field(init=False)
    """Ids of all audio files."""

    @files.default
    def _all_files(self) -> tuple[str, ...]:
        return tuple(sorted(_files(self)))

    def title_of(self, source: str) -> str:
        """The name of a source in results."""
        if source in (REFERENCE, ANCHOR):
            return f"hidden {source}" if source == REFERENCE else source
        return self.runs[int(source)].title

    @property
    def screening_scale(self) -> str:
        """The scale on which listeners are screened by reference and anchor."""
        return "overall" if "overall" in self.scales else self.scales[-1]


def public(test: ListeningTest) -> dict[str, Any]:
    """The test as a listener's page gets it: random ids in random order.

    Hidden characters of texts, and those that reverse text, are escaped.
    """
    return {
        "version": VERSION,
        "test": test.id,
        "seed": test.seed,
        "scales": [[name, LISTENING_SCALES[name]] for name in test.scales],
        "ratings": [
            _shown(one) | {"reference": one.reference, "stimuli": sorted(one.stimuli)}
            for one in sorted(test.ratings, key=lambda trial: trial.id)
        ],
        "comparisons": [
            _shown(one) | {"a": one.a, "b": one.b, "x": sorted(one.x)}
            for one in sorted(test.comparisons, key=lambda trial: trial.id)
        ],
    }


def write_test(test: ListeningTest, folder: Path) -> None:
    """Write `test.json` into the folder of a test."""
    content = asdict(test, filter=lambda attribute, _: attribute.init)
    write_atomically(folder / "test.json", json.dumps(content, indent=1) + "\n")


def read_test(folder: Path) -> ListeningTest:
    """The test in a folder. Raises UserError where it is damaged or of another version."""
    content = read_json_object(folder / "test.json")
    if content.get("version") != VERSION:
        raise UserError(
            f"{folder / 'test.json'} has version {content.get('version')!r}, but this Cantus "
            f"reads version {VERSION}. Make another test with --name."
        )
    with as_user_error(f"{folder / 'test.json'} is damaged.", cattrs.BaseValidationError):
        test = _CONVERTER.structure(content, ListeningTest)
        _check(test)
    return test


_CONVERTER = cattrs.Converter(detailed_validation=False)


def _check(test: ListeningTest) -> None:
    """Raise ValueError or LookupError where the parts of a test do not fit together."""
    sources = {REFERENCE, ANCHOR, *(str(place) for place in range(len(test.runs)))}
    if len(set(test.scales)) != len(test.scales) or not set(test.scales) <= set(LISTENING_SCALES):
        raise ValueError("scales")
    used = [source for one in test.ratings for source in one.stimuli.values()]
    used += [source for one in test.comparisons for source in one.sources]
    if not test.scales or not set(used) <= sources or not all(map(str.isalnum, test.files)):
        raise ValueError("sources")


def _files(test: ListeningTest) -> Iterator[str]:
    for trial in test.ratings:
        yield from trial.stimuli
        if trial.reference is not None:
            yield trial.reference
    for comparison in test.comparisons:
        yield from (comparison.a, comparison.b, *comparison.x)


def _shown(trial: RatingTrial | AbxTrial) -> dict[str, Any]:
    return {"id": trial.id, "clip": visible_lines(trial.clip), "text": visible_lines(trial.text)}
