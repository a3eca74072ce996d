"""`cantus new`: a recipe of one's own that extends another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import overrides_option
from engine.errors import UserError
from engine.project import AS_WRITTEN, Project
from engine.recipe import Params, load_recipe
from engine.recipe.diff import leaves
from engine.recipe.naming import recipe_name
from engine.recipe.schema import Recipe
from engine.system_support.completing import corpora, names, recipes
from engine.system_support.discovery import recipe_classes
from engine.terminal.say import say

_NAMED = 4
"""Keys that are named before the rest is counted."""


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "parent",
    required=True,
    metavar="RECIPE",
    shell_complete=names(recipes),
    help="The recipe to extend.",
)
@click.option(
    "--for",
    "corpus",
    metavar="CORPUS",
    shell_complete=names(corpora),
    help="Propose batch, length and evaluation for this ingested corpus.",
)
@click.option("--language", metavar="CODE", help="With --for: the language of clips without one.")
@click.option("--summary", help="What the recipe is, in one sentence.")
@overrides_option
def command(
    name: str,
    parent: str,
    corpus: str | None,
    language: str | None,
    summary: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Write recipes/NAME.toml, which extends RECIPE, and add its stage to dvc.yaml.

    The new recipe equals RECIPE until you change a value in its file, which takes precedence over
    everything that it extends; -S writes values into it at once, such as those of a run that was
    trained with -S. If the profile of params.toml has a file for RECIPE, such as
    recipes/demo/RECIPE.toml, the new recipe gets one too, with the same values.

    With --for, batch, length and evaluation are proposed by how much audio of CORPUS the recipe
    can use, and written with the reasons as comments: into recipes/NAME.toml for the full size, and
    into the file of the profile for what a demo does in minutes.

    \b
    Examples:
      cantus new my_vae --from audio_vae_plus
      cantus new longer --from audio_vae_plus -S training.epochs=30
      cantus new my_voice --from xtts_phase1 --summary "XTTS on my recordings"
      cantus new my_voice --from xtts_phase1 --for voice --language hu
    """
    loaded = load_project_recipe(parent, overrides)
    project, params = loaded.project, loaded.params
    _require_new(name, project)
    plain = project.recipe(loaded.recipe.name)
    if not plain.is_file():
        raise UserError(f"--from {parent} must name a recipe of recipes/.")
    recipe = load_recipe(plain, classes=recipe_classes())
    said = summary or f"Variant of {recipe.name}"
    new = project.recipes / f"{name}.toml"
    files = {new: _text(name, recipe, said)}
    variant = project.recipe(recipe.name, params.profile)
    sized_by = {new: plain}
    if params.profile != AS_WRITTEN and variant.parent != project.recipes:
        summary = f"{said} ({params.profile})"
        files[variant.with_name(f"{name}.toml")] = _variant(variant, name, summary)
        sized_by[variant.with_name(f"{name}.toml")] = variant
    if corpus is not None:
        files = _sized(files, sized_by, loaded, corpus, language)
    elif language is not None:
        raise UserError("--language goes with --for, which sizes a recipe for a corpus.")
    next_ = "change a value" if corpus is None else "read the reasons, change what you know better"
    if overrides:
        from engine.presets.written import with_overrides

        files = {path: with_overrides(text, overrides) for path, text in files.items()}
        next_ = "look at it" if corpus is None else next_
    why_no_stage = _write(files, project, params).get(name)
    _say_written(name, files, loaded, why_no_stage, next_, is_sized=corpus is not None)


def _write(files: Mapping[Path, str], project: Project, params: Params) -> Mapping[str, str]:
    """Write the recipe's files and its stage: all of them, or none.

    Returns the recipes that have no stage, with the reason of each.
    """
    from engine.files.atomic import write_atomically
    from engine.pipeline.dvc_yaml import write_pipeline
    from engine.pipeline.load import load_pipeline

    written: list[Path] = []
    try:
        for path, text in files.items():
            write_atomically(path, text)
            written.append(path)
        pipeline = load_pipeline(project, params)
        write_pipeline(project.dvc_yaml, pipeline)
    except BaseException:
        for path in written:  # a recipe without its stage would be half of what was asked for
            path.unlink(missing_ok=True)
        raise
    return pipeline.left_out


def _say_written(
    name: str,
    files: Mapping[Path, str],
    loaded: Loaded,
    why_no_stage: str | None,
    next_: str,
    *,
    is_sized: bool,
) -> None:
    """Print which files are written, which of them takes precedence, and what comes next."""
    root, profile = loaded.project.root, loaded.params.profile
    names = " and ".join(path.relative_to(root).as_posix() for path in files)
    say(f"written: {names}, and the stage {name!r} in dvc.yaml")
    if why_no_stage is not None:
        say(f"note: {name} has no stage yet: {why_no_stage}")
    for path in list(files)[1:]:
        shown = path.relative_to(root).as_posix()
        if is_sized:
            say(_which_wins(shown, name, profile))
        else:
            say(
                f"Under profile '{profile}' the values of {shown} take precedence; it sets "
                f"{_keys(files[path])}."
            )
    say(f"Next: {next_}, then\n  cantus check {name}\n  cantus estimate {name}\n  dvc repro {name}")


def _sized(
    files: Mapping[Path, str],
    parents: Mapping[Path, Path],
    loaded: Loaded,
    corpus: str,
    language: str | None,
) -> dict[Path, str]:
    """The files with what is proposed for a corpus. Raises UserError where none can use it.

    The file that wins under the profile must be able to use it; where the other cannot, it names
    the corpus and nothing else is proposed, and that is said.
    """
    from engine.corpus import Corpus
    from engine.presets.propose import corpus_of, propose_for
    from engine.presets.written import lines_of, with_values

    loaded.params.corpus(corpus, in_recipe=False)
    found = Corpus.open(loaded.project.corpus(corpus))
    *others, wins = files
    sized = dict(files)
    for path in (wins, *others):
        shown = path.relative_to(loaded.project.root).as_posix()
        try:
            preset = propose_for(
                parents[path], found, language, small=path.parent != loaded.project.recipes
            )
        except UserError as error:
            if path == wins:
                raise
            sized[path] = with_values(files[path], [corpus_of(found)])
            say(f"{shown} names {corpus} and is not sized for it: {error}")
            continue
        amount = preset.amount
        sized[path] = with_values(files[path], preset.changed)
        say(f"{shown}, for {amount.num_clips:,} of {amount.num_found:,} clips, {amount.said}:")
        if amount.left_out:
            say(f"  left out: {_counted(amount.left_out)}")
        for line in lines_of(preset.values):
            say(line)
    return sized


def _which_wins(variant: str, name: str, profile: str) -> str:
    return (
        f"params.toml has profile = '{profile}', so the values of {variant} take precedence: "
        "networks and a length that show, on a machine without a GPU, that the data is read and "
        f"learned from. For the full size, recipes/{name}.toml as written, set profile = "
        f"'{AS_WRITTEN}'."
    )


def _require_new(name: str, project: Project) -> None:
    """Raise UserError where the name is not allowed, or a recipe has it already."""
    wrong = recipe_name(name)
    if wrong is not None:
        raise UserError(f"NAME {wrong}")
    there = [project.recipes / f"{name}.toml", *project.recipes.glob(f"*/{name}.toml")]
    for path in there:
        if path.exists():
            raise UserError(
                f"{path.relative_to(project.root)} exists already: choose another name."
            )


def _text(name: str, recipe: Recipe, summary: str) -> str:
    """The new recipe: nothing that it inherits names the old one."""
    import tomli_w

    values: dict[str, Any] = {"extends": f"{recipe.name}.toml", "summary": summary}
    keep = recipe.verdict.keep if recipe.verdict else None
    if keep is not None and recipe.name in keep:
        values["verdict"] = {"keep": [name if one == recipe.name else one for one in keep]}
    return f"#:schema ../docs/recipe.schema.json\n{tomli_w.dumps(values)}"


def _keys(text: str) -> str:
    """The keys that a recipe file sets, in words."""
    import tomli

    paths = [path for path in leaves(tomli.loads(text)) if path not in ("extends", "summary")]
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def _variant(path: Path, name: str, summary: str) -> str:
    """The variant of the old recipe as one of the new: the same values, comments included."""
    import tomlkit

    document = tomlkit.parse(path.read_text("utf-8"))
    old, verdict = path.stem, document.get("verdict")
    document.pop("summary", None)
    document["extends"] = f"../{name}.toml"
    document["summary"] = summary
    if verdict is not None and "keep" in verdict:
        verdict["keep"] = [name if one == old else str(one) for one in verdict["keep"]]
    return tomlkit.dumps(document)


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in numbers.items())
