"""The samples of several runs as rows: the versions of one clip, by run and shared by all."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from engine.files.checksum import sha256_of
from engine.report.compare.runs import ComparedRun
from engine.report.gallery import can_be_shown, last_samples

_LONGEST_TITLE = 48


@frozen
class Version:
    """One file: its title on the page, and the run that made it."""

    title: str
    kind: str
    """`audio` or `image`."""
    file: Path
    run: ComparedRun | None
    """None where all runs that have this part have the very same file."""
    notes: tuple[str, ...] = ()


@define
class VersionRow:
    """A clip with its versions: shared ones first, then part by part."""

    title: str
    versions: list[Version] = field(factory=list)
    captions: list[str] = field(factory=list)
    """Captions of the parts that are too long for a title, such as the text that is spoken."""
    lacking: list[str] = field(factory=list)
    """Runs that made no sample of the clip."""


@frozen
class _Made:
    """A sample of a run."""

    run: ComparedRun
    sample: Mapping[str, Any]

    @property
    def file(self) -> Path:
        return self.run.files.folder / str(self.sample["path"])

    @property
    def caption(self) -> str:
        return str(self.sample.get("caption") or self.sample["name"].rpartition("/")[2])


def version_rows(runs: Sequence[ComparedRun]) -> list[VersionRow]:
    """Match the last samples of the runs: by what they were made of, else by clip and part.

    Files outside a run's folder and missing files are left out.
    """
    rows: dict[str, dict[tuple[str, str], list[_Made]]] = {}
    for run in runs:
        for sample in last_samples(run.history):
            made = _Made(run, sample)
            if can_be_shown(sample) and made.file.is_file():
                clip, part = _place(sample)
                rows.setdefault(clip, {}).setdefault((part, sample["kind"]), []).append(made)
    found = [_row(clip, parts, runs) for clip, parts in rows.items()]
    return sorted(found, key=lambda row: len(row.lacking))


def _place(sample: Mapping[str, Any]) -> tuple[str, str]:
    """The clip and the part of a sample; `01_` before a clip's name only orders it in one run."""
    clip, _, part = str(sample["name"]).rpartition("/")
    if sample.get("made_of"):
        return str(sample["made_of"]), part
    return re.sub(r"^\d+_", "", clip or part), part


def _row(
    clip: str, parts: Mapping[tuple[str, str], Sequence[_Made]], runs: Sequence[ComparedRun]
) -> VersionRow:
    first = next(iter(parts.values()))[0]
    row = VersionRow(first.caption if first.sample.get("made_of") else clip)
    everyone = [made for (part, kind), made in parts.items() if not _is_drawn(part, kind, parts)]
    for made in sorted(everyone, key=lambda one: not _is_shared(one)):
        row.versions += _versions(made)
        row.captions += [c for one in made if len(c := one.caption) > _LONGEST_TITLE]
    row.captions = [caption for caption in dict.fromkeys(row.captions) if caption != row.title]
    having = {one.run.number for made in everyone for one in made}
    row.lacking = [run.name for run in runs if run.number not in having]
    return row


def _is_drawn(part: str, kind: str, parts: Mapping[tuple[str, str], object]) -> bool:
    """Whether a part is a picture of a sound, which the engine draws itself."""
    return kind == "image" and (part, "audio") in parts


def _versions(made: Sequence[_Made]) -> Iterator[Version]:
    if _is_shared(made):
        yield _version(made[0], _short(made[0]), None)
        return
    for one in made:
        alone = one.sample.get("made_of") and one.sample["kind"] == "audio"
        part = "" if alone else f": {_short(one)}"
        yield _version(one, f"{one.run.name}{part}", one.run)


def _version(made: _Made, title: str, run: ComparedRun | None) -> Version:
    notes = tuple(map(str, made.sample.get("notes", ())))
    return Version(title, str(made.sample["kind"]), made.file, run, notes)


def _short(made: _Made) -> str:
    """The caption, or the part's name where that is a whole text."""
    name = str(made.sample["name"]).rpartition("/")[2].replace("_", " ")
    return made.caption if len(made.caption) <= _LONGEST_TITLE else name


def _is_shared(made: Sequence[_Made]) -> bool:
    """Whether several runs have identical files, as of an original."""
    return len(made) > 1 and len({sha256_of(one.file) for one in made}) == 1
