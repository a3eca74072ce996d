"""The licence of published weights: agreed to once, and written down beside them."""

from datetime import UTC, datetime
from pathlib import Path

import tomli
import tomli_w
from attrs import asdict

from engine.fetch.catalogue import Licence
from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error

LICENCE_NOTE = "licence.toml"


def is_accepted(licence: Licence, folder: Path) -> bool:
    """Whether this licence was agreed to for the files of a folder."""
    return licence_name(folder) == licence.name


def note_acceptance(licence: Licence, folder: Path) -> None:
    """Write down that it was: its name, its summary, its address and the day."""
    note = {**asdict(licence), "accepted_on": datetime.now(UTC).date()}
    write_atomically(folder / LICENCE_NOTE, tomli_w.dumps(note))


def licence_name(folder: Path) -> str | None:
    """The licence that stands beside a folder's weights; None where there is no note of it.

    Raises UserError where the note is damaged.
    """
    path = folder / LICENCE_NOTE
    if not path.is_file():
        return None
    with as_user_error(f"{path} is damaged: delete it and give the same command again.", OSError):
        return str(tomli.loads(path.read_text(encoding="utf-8"))["name"])
