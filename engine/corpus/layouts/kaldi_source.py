"""Which file a line of Kaldi's `wav.scp` means, where that is certain without running anything."""

import re
import shlex

from engine.corpus.layouts.lhotse_source import Source

_INSIDE_ARCHIVE = re.compile(r"\.ark:\d+$")
_FLAGS = {
    "cat": (),
    "flac": ("-c", "-d", "-s", "-dcs", "-cds", "-dc", "-cd", "--decode", "--stdout", "--silent"),
    "sph2pipe": ("-p", "-f", "wav", "rif", "-c", "1", "2"),
    "sox": ("-t", "wav", "-"),
}
"""Programs that only decode a file, and the words that may stand beside its name."""


def source_of(line: str) -> Source:
    """The file of a path, or of a command that only decodes one. No command is ever run."""
    if _INSIDE_ARCHIVE.search(line):
        said = "it lies inside a Kaldi archive: write it out with wav-copy, and name the file"
        return Source(name=line, refused=said)
    if not line.endswith("|"):
        return Source(name=line)
    return _decoded(line) or Source(
        name=line, refused="it is a command, and none is ever run: write its output to a file"
    )


def _decoded(line: str) -> Source | None:
    try:
        program, *words = shlex.split(line[:-1])
    except ValueError:
        return None
    flags = _FLAGS.get(program.rpartition("/")[2])
    names = [word for word in words if flags is not None and word not in flags]
    if len(names) != 1 or names[0].startswith("-") or re.search(r"[|<>;&$`]", line[:-1]):
        return None
    return Source(name=names[0], channel=_channel(words))


def _channel(words: list[str]) -> int | None:
    """The channel, from 0, that `sph2pipe -c` takes."""
    if "-c" in words[:-1]:
        after = words[words.index("-c") + 1]
        return int(after) - 1 if after in ("1", "2") else None
    return None
