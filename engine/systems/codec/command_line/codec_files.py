"""What `cantus encode`, `decode` and `reconstruct` share: a codec by its name, files one by one."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click

from engine.corpus.audio.decode import UnusableError
from engine.errors import UserError
from engine.files.text import visible_lines
from engine.project import Project, find_project
from engine.recipe import RecipeError, load_recipe
from engine.system_support.device import open_device
from engine.system_support.discovery import recipe_classes
from engine.systems.codec.files.code_file import Codec
from engine.systems.codec.files.weights import network_of, read_upstream
from engine.systems.codec.recipe import CodecRecipe
from engine.terminal.file_progress import file_progress
from engine.terminal.say import say

FAILED = 2
"""Exit code where a file could not be done."""

Work = Callable[[Path, Path], str]
"""Makes a file's output, source and target given, and says what it made."""


def open_codec(model: str, device: str, num_quantizers: int | None = None) -> Codec:
    """The codec of a weights.pth, or of a trained recipe by its name.

    `device` is "cpu", "cuda", or "auto": the GPU where there is one. Raises UserError where there
    is none, and where the codec is not trained, is no codec, has fewer quantizers than are asked
    for, or cannot be read.
    """
    place = open_device(device)
    path = Path(model)
    weights = path if path.suffix == ".pth" else _trained(find_project(), model)
    given = read_upstream(weights)
    most = given.settings.num_codebooks
    if num_quantizers is not None and not 1 <= num_quantizers <= most:
        raise UserError(f"The model has {most} quantizers: --quantizers {num_quantizers} is not.")
    return Codec(network_of(given, weights).to(place), given.level)


def each_file(
    files: Sequence[Path], output: Path | None, ending: str, force: bool, title: str, work: Work
) -> int:
    """Do the work for every file, whatever becomes of others, and return the exit code.

    The target is named as the file, with `ending`, and lies in the folder `output` (made where it
    is missing) or beside the file. One that exists is left as it is without `force`.
    """
    targets = [_target(path, output, ending) for path in files]
    twice = [target for target in targets if targets.count(target) > 1]
    if twice:
        raise UserError(f"Several of the files would become {twice[0]}: give them one by one.")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    code = 0
    with file_progress(title) as progress:
        for done, (path, target) in enumerate(zip(files, targets, strict=True)):
            progress(done, len(files))
            try:
                _check_target(path, target, force)
                say(f"{target}: {work(path, target)}")
            except (UserError, UnusableError, OSError) as error:
                # A sentence of the engine may name the file already; that of a decoder does not.
                place = "" if str(path) in str(error) else f"{path}: "
                click.echo(f"error: {visible_lines(f'{place}{error}')}", err=True)
                code = FAILED
    return code


def _target(path: Path, output: Path | None, ending: str) -> Path:
    return (path.parent if output is None else output) / f"{path.stem}{ending}"


def _check_target(path: Path, target: Path, force: bool) -> None:
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    if target.exists():
        if target.samefile(path):
            raise UserError(f"{path} would be overwritten by what is made of it: give --output.")
        if not force:
            raise UserError(f"{target} exists already: --force overwrites it.")


def _trained(project: Project, name: str) -> Path:
    """The weights of a trained codec, by the name of its recipe."""
    if not project.recipe(name).is_file():
        raise UserError(f"There is no recipe {name!r}; weights in a file must end in .pth.")
    if not _is_codec(project.recipe(name)):
        raise UserError(f"{name!r} is no codec: its recipe is of another system.")
    if _weights(project, name).is_file():
        return _weights(project, name)
    trained = _all_trained(project)
    others = f"Trained are: {', '.join(trained)}." if trained else "No codec is yet."
    raise UserError(f"{name!r} is not trained: run 'dvc repro {name}' first. {others}")


def _all_trained(project: Project) -> list[str]:
    """The trained codecs' names. A model whose recipe no longer loads is none to be offered."""
    names = []
    for place in sorted(project.model("any").parent.glob("*/recipe.toml")):
        with suppress(RecipeError):
            if _is_codec(place) and _weights(project, place.parent.name).is_file():
                names.append(place.parent.name)
    return names


def _is_codec(recipe: Path) -> bool:
    return isinstance(load_recipe(recipe, classes=recipe_classes()), CodecRecipe)


def _weights(project: Project, name: str) -> Path:
    return project.model(name) / "export" / "weights.pth"
