"""Options and checks of commands that write speech: seeds, sampling, text files, WAVs."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from engine.errors import UserError


class FiniteRange(click.FloatRange):
    """A number between bounds. Click's own range lets NaN through, and often infinity."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number. Raises click.BadParameter."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def _seeds(context: click.Context, option: click.Parameter, value: str | None) -> list[int]:  # noqa: ARG001
    """The seeds of "1,2,3"; none where the option was not given."""
    words = [] if value is None else value.split(",")
    if not all(word.strip().isdecimal() and int(word) < 1 << 63 for word in words):
        raise click.BadParameter("give whole numbers between commas, such as 1,2,3")
    seeds = [int(word) for word in words]
    if len(set(seeds)) < len(seeds):
        raise click.BadParameter("a seed is given twice")
    return seeds


seeds_option = click.option(
    "--seeds",
    callback=_seeds,
    metavar="N,...",
    help="Seeds, each of which gives a file.  [default: the recipe's first]",
)
_SAMPLING = (
    click.option(
        "--temperature", type=FiniteRange(0, min_open=True), help="Temperature of sampling."
    ),
    click.option(
        "--top-k",
        type=click.IntRange(0),
        help="Sample from the K most probable codes; 0: from all.",
    ),
    click.option(
        "--top-p",
        type=FiniteRange(0, 1),
        help="Sample from the most probable codes up to this share.",
    ),
)


def sampling_options(command: Any) -> Any:
    """Give a command --temperature, --top-k and --top-p; each None where it is not given."""
    for option in reversed(_SAMPLING):
        command = option(command)
    return command


def text_of_file(path: Path) -> str:
    """A text file in UTF-8. Raises UserError where there is none, or it is no such file."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not in UTF-8: {error}.") from error


def require_wav(path: Path, option: str) -> None:
    """Raise UserError where an option names no WAV."""
    if path.suffix.lower() != ".wav":
        raise UserError(f"{option} {path} must end in .wav: speech is written as WAV.")


def require_free(paths: Iterable[Path], option: str, *, force: bool) -> None:
    """Raise UserError where one of the files that an option names cannot be written."""
    for path in paths:
        try:
            _require_free(path, option, force=force)
        except OSError as error:
            raise UserError(f"{option} {path} cannot be written: {error.strerror}.") from error


def _require_free(path: Path, option: str, *, force: bool) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder: give {option} the name of a WAV.")
    if path.exists() and not force:
        raise UserError(f"{path} exists already: --force overwrites it.")
    nearest = next(place for place in path.absolute().parents if place.exists())
    if not nearest.is_dir():
        raise UserError(f"{option} {path} cannot be written: {nearest} is a file, not a folder.")
