"""Under which licence the audio of a corpus may be used, as `licence.toml` in its folder says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cattrs
import tomli
import tomli_w
from attrs import asdict, frozen

from engine.errors import UserError

LICENCE_FILE = "licence.toml"


@frozen(kw_only=True)
class Licence:
    """What a person has to know, and to say, who passes on the audio or what is made of it."""

    licence: str
    """Name of the licence, as SPDX writes it: "CC-BY-SA-3.0"."""
    attribution: str
    """The sentence that names the authors."""
    source: str
    """Where the audio is from."""

    def __str__(self) -> str:
        return f"{self.licence}. {self.attribution}. Source: {self.source}"


def write_licence(licence: Licence, folder: Path) -> None:
    """Write `licence.toml` into a corpus's folder."""
    (folder / LICENCE_FILE).write_text(tomli_w.dumps(asdict(licence)), encoding="utf-8")


def read_licence(folder: Path) -> Licence | None:
    """Read it; None where there is none. Raises UserError where it does not hold its keys."""
    path = folder / LICENCE_FILE
    if not path.is_file():
        return None
    try:
        values = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as TOML: {error}. Mend it.") from error
    _require_keys(values, path)
    return cattrs.structure(values, Licence)


def _require_keys(values: Mapping[str, Any], path: Path) -> None:
    wanted = ("licence", "attribution", "source")
    if sorted(values) != sorted(wanted) or not all(
        isinstance(value, str) and value.strip() for value in values.values()
    ):
        raise UserError(
            f"{path} must hold {', '.join(wanted)}, each a text, and nothing else. Mend it."
        )
