"""The samples of several runs that can be compared by listening: of the same inputs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.files.checksum import sha256_of
from engine.files.untrusted import as_user_error, read_json_object
from engine.listening.listening_test import TestedRun
from engine.report.gallery import can_be_shown
from engine.report.history import History
from engine.report.run_files import RunFiles

MOST_RUNS = 6


@frozen
class Made:
    """A sample that a run's weights made."""

    name: str
    group: str
    """The sample's clip: of several generated parts of a clip, the first is used."""
    caption: str
    path: Path
    sha256: str
    reference: Path | None
    """The reference recording, or None."""


@frozen
class Material:
    """A run and its samples, by a key that is equal for the same input of another run."""

    run: TestedRun
    made: Mapping[tuple[str, ...], Made]
    num_missing: int
    """Samples of the run whose files are missing."""


@frozen
class Clip:
    """One input, with the sample of each run in the order of the runs."""

    name: str
    text: str
    reference: Path | None
    versions: tuple[Path, ...]


def material_of(files: RunFiles) -> Material:
    """The last samples of a run. Raises UserError where it has none or its folder is damaged."""
    folder, title = files.folder, files.name
    with as_user_error(f"The run's folder {folder} is damaged. Train the recipe again.", OSError):
        history = History.of(folder)
        about = read_json_object(folder / "run.json")
        run = TestedRun(str(about["recipe"]), str(about["identity"]), title)
        named = _samples(history)
        there = [one for one in named if (folder / one["path"]).is_file()]
        evaluated_on = str(history.facts("eval").get("evaluation_set", ""))
        made = dict(_made(folder, there, files.recipe.reference_parts, evaluated_on))
    missing = len(named) - len(there)
    if not made:
        gone = f" (the files of {missing} are missing)" if missing else ""
        raise UserError(
            f"{title} has no audio samples to listen to{gone}. Set samples.num_clips above 0 in "
            "its recipe and train it."
        )
    return Material(run, made, missing)


def common_clips(materials: Sequence[Material]) -> list[Clip]:
    """The clips of which all runs have different samples. Raises UserError without any."""
    shared = [key for key in materials[0].made if all(key in one.made for one in materials)]
    names = ", ".join(one.run.title for one in materials)
    if not shared:
        raise UserError(
            f"{names} have no clip in common: their samples are of different recordings or "
            "sentences. Samples can be compared where recipes of one system have the same "
            "evaluation clips, sample rate and sentences (`cantus diff` shows what differs)."
        )
    different = [key for key in shared if len({one.made[key].sha256 for one in materials}) > 1]
    if not different:
        raise UserError(
            f"The {len(shared)} samples that {names} have in common are identical: "
            "there is nothing to compare. A phase that never beat its parent keeps its weights."
        )
    return [_clip(materials, key) for key in _one_a_clip(materials[0], different)]


def _one_a_clip(material: Material, keys: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The first key of each clip, preferably one with a reference."""
    made = material.made
    ordered = sorted(keys, key=lambda key: made[key].reference is None)
    with_reference = {made[key].name for key in ordered if made[key].reference}
    first: dict[str, tuple[str, ...]] = {}
    for key in ordered:
        if made[key].reference or made[key].name not in with_reference:
            first.setdefault(made[key].group, key)
    return [key for key in keys if first.get(made[key].group) == key]


def _clip(materials: Sequence[Material], key: tuple[str, ...]) -> Clip:
    made = [one.made[key] for one in materials]
    captions = Counter(one.caption for one in made)
    text = made[0].caption if len(captions) == 1 else ""
    return Clip(made[0].group, text, made[0].reference, tuple(one.path for one in made))


def _samples(history: History) -> list[Mapping[str, Any]]:
    listed = history.facts("sample").get("samples", ())
    return [one for one in listed if one["kind"] == "audio" and can_be_shown(one)]


def _made(
    folder: Path,
    samples: Sequence[Mapping[str, Any]],
    reference_parts: Sequence[str],
    evaluated_on: str,
) -> Iterator[tuple[tuple[str, ...], Made]]:
    """Samples by a key that is equal for the same input of another run.

    The key is the digest of all that a sample is made of except the weights, or its name and its
    reference recording, or its name and the evaluation set.
    """
    references = _references(folder, samples, reference_parts)
    for sample in samples:
        name, path = str(sample["name"]), folder / sample["path"]
        clip, _, part = name.rpartition("/")
        reference = references.get(clip)
        if path in references.values():
            continue
        digest, caption = sha256_of(path), str(sample.get("caption") or part)
        if sample.get("made_of"):
            yield ("made of", str(sample["made_of"])), Made(name, name, caption, path, digest, None)
        else:
            of = sha256_of(reference) if reference else evaluated_on
            yield (name, of), Made(name, clip or name, caption, path, digest, reference)


def _references(
    folder: Path, samples: Sequence[Mapping[str, Any]], reference_parts: Sequence[str]
) -> dict[str, Path]:
    """The first reference part of each clip."""
    found: dict[str, Path] = {}
    for sample in samples:
        clip, _, part = str(sample["name"]).rpartition("/")
        if clip and part in reference_parts and not sample.get("made_of"):
            found.setdefault(clip, folder / sample["path"])
    return found
