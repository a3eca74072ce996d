"""A recipe for a corpus: the values that its system proposes, checked as a recipe."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from attrs import evolve, fields_dict, frozen

from engine.corpus import Corpus
from engine.errors import UserError
from engine.presets.amount import amount_of, languages_in
from engine.presets.rates import require_packed, require_recorded
from engine.presets.sets import sets_in
from engine.recipe import diff_recipes, load_recipe, to_plain
from engine.recipe.lineage import plain_recipe, profile_of
from engine.recipe.schema import Recipe
from engine.system_support.discovery import part_of, recipe_classes
from engine.system_support.preset import Amount, Proposed

_MANY = 0.1
"""A share of the clips that is not left out for the sake of a demo."""


@frozen
class Preset:
    """Values for a recipe's file, and the amount of audio that they are for."""

    amount: Amount
    values: tuple[Proposed, ...]
    changed: tuple[Proposed, ...]
    """The corpus, and the values that the recipe does not have already."""


def propose_for(path: Path, corpus: Corpus, language: str | None, *, small: bool) -> Preset:
    """What the recipe in `path` should be for a corpus.

    `language` is that of clips that name none. Raises UserError where the recipe cannot use the
    corpus, and says what would mend that.
    """
    written = load_recipe(path, classes=recipe_classes())
    module = part_of(type(written), "preset")
    if module is None:
        raise UserError(
            f"The system '{written.system}' has no rules by the amount of data (a module preset.py "
            "beside its recipe class). Leave out --for, and set dataset.corpus yourself."
        )
    first = [*_corpus(path, written, corpus, language)]
    recipe = _with(path, first)
    require_recorded(path, recipe, corpus.folder.name, corpus.manifest.clips)
    require_packed(recipe, corpus)
    clips = corpus.manifest.clips
    amount = amount_of(recipe, clips, module.why_unusable, small=small)
    values = [*first, *module.propose(recipe, amount)]
    sets = sets_in(_with(path, values), corpus)
    values = [*first, *module.propose(recipe, evolve(amount, sets=sets))]
    known = tuple({one.key: one for one in values}.values())
    changes = diff_recipes(to_plain(written), to_plain(_with(path, values)))
    paths = [f"{change.path}." for change in changes]
    changed = [
        one
        for one in known
        if one.key == "dataset.corpus" or any(key.startswith(f"{one.key}.") for key in paths)
    ]
    return Preset(amount, known, tuple(changed))


def corpus_of(corpus: Corpus) -> Proposed:
    """The key that names the corpus."""
    name = corpus.folder.name
    found = f"{len(corpus.manifest.clips):,} clips packed of {corpus.report.num_found:,} files"
    because = f"{found} by `cantus ingest {name}`; the recipe may use fewer"
    return Proposed("dataset.corpus", name, because)


def _corpus(path: Path, recipe: Recipe, corpus: Corpus, language: str | None) -> Iterator[Proposed]:
    """The keys that say which clips: corpus, languages, speakers."""
    yield corpus_of(corpus)
    dataset = fields_dict(type(recipe.dataset))
    if "languages" in dataset:
        yield from _languages(corpus, language)
    elif language is not None:
        raise UserError(f"--language: {recipe.system} knows of no languages. Leave it out.")
    if "speakers" in dataset and recipe.dataset.speakers:
        yield from _speakers(recipe, corpus)
    if profile_of(path) is not None:
        plain = load_recipe(plain_recipe(path), classes=recipe_classes())
        yield from _longest(recipe, plain, corpus)


def _longest(recipe: Recipe, plain: Recipe, corpus: Corpus) -> Iterator[Proposed]:
    """The limit of the recipe at full size, where that of its demo leaves out many clips."""
    limit = getattr(recipe.dataset, "max_seconds", None)
    usual = getattr(plain.dataset, "max_seconds", None)
    if limit is None or usual is None or limit >= usual:
        return
    longer = sum(clip.seconds > limit for clip in corpus.manifest.clips)
    if longer > _MANY * len(corpus.manifest.clips):
        yield Proposed(
            "dataset.max_seconds",
            usual,
            f"{longer:,} clips are longer than the demo's {limit:g} s; steps take longer, too",
        )


def _languages(corpus: Corpus, language: str | None) -> Iterator[Proposed]:
    found = languages_in(corpus.manifest.clips)
    unnamed = found.get("", 0)
    named = sorted(one for one in found if one)
    if unnamed and language is None:
        raise UserError(
            f"{unnamed:,} clips of corpus {corpus.folder.name!r} name no language. Say which it "
            "is: --language hu (a code of ISO 639), or give the table a column 'language'."
        )
    languages = list(dict.fromkeys([*([language] if language and unnamed else []), *named]))
    yield Proposed("dataset.languages", languages, "those that the corpus has")
    if language and unnamed:
        yield Proposed("dataset.language", language, f"of the {unnamed:,} clips that name none")


def _speakers(recipe: Recipe, corpus: Corpus) -> Iterator[Proposed]:
    """The recipe names speakers of another corpus: the one that has most here, or all unnamed."""
    seconds: dict[str, float] = {}
    for clip in corpus.manifest.clips:
        if clip.speaker:
            seconds[clip.speaker] = seconds.get(clip.speaker, 0.0) + clip.seconds
    if set(recipe.dataset.speakers) <= seconds.keys():
        return
    most = max(seconds, key=lambda name: seconds[name], default=None)
    if most is None:
        yield Proposed("dataset.speakers", [], "the corpus names none: all clips are one voice")
        return
    yield Proposed(
        "dataset.speakers",
        [most],
        f"of {len(seconds)} voices the one with most audio, {seconds[most] / 60:.3g} minutes; put "
        "the one that you want",
    )


def _with(path: Path, values: Iterable[Proposed]) -> Recipe:
    """The recipe with values, checked. Raises RecipeError where they do not fit it."""
    overrides = [f"{_toml_key(one)}={_toml_value(one.value)}" for one in values]
    return load_recipe(path, classes=recipe_classes(), overrides=overrides)


def _toml_key(one: Proposed) -> str:
    return ".".join(f'"{part}"' if "/" in part else part for part in one.path)


def _toml_value(value: Any) -> str:
    """One line of TOML."""
    if isinstance(value, Mapping):
        pairs = (f'"{key}" = {_toml_value(one)}' for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return tomli_w.dumps({"v": value}).strip().partition(" = ")[2]
