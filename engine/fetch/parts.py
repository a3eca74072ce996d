"""The files of weights that an index names (`model.safetensors.index.json` of `transformers`)."""

import re
from pathlib import Path

from engine.errors import UserError
from engine.fetch.catalogue import Entry, PublishedFile
from engine.files.untrusted import read_json_object

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\.safetensors")
_MOST = 1000


def parts_named(entry: Entry, folder: Path) -> list[PublishedFile]:
    """The files that the indexes in place name, none where there is no index.

    Raises UserError where one is damaged, or names anything but a file of weights beside it.
    """
    indexes = [folder / file.name for file in entry.files if file.index]
    names = {name for path in indexes if path.is_file() for name in _names_in(path)}
    known = {file.name for file in entry.files}
    return [PublishedFile(name) for name in sorted(names - known)]


def _names_in(path: Path) -> set[str]:
    said = read_json_object(path).get("weight_map")
    names = set(map(str, said.values())) if isinstance(said, dict) else set[str]()
    odd = sorted(name for name in names if not _NAME.fullmatch(name))
    if odd or not 1 <= len(names) <= _MOST:
        what = f"{odd[0][:100]!r}, which is no such file" if odd else f"{len(names):,} of them"
        raise UserError(
            f"{path} should name the files of weights (*.safetensors) beside it, and names {what}. "
            "Delete it, and fetch it again from another place with --from."
        )
    return names
