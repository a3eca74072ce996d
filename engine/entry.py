"""The entry point of `cantus`, which keeps code of the current folder out of reach.

The current folder may be a data folder, and a `joblib.py` in it must not be taken for the library.
Python, the system's linker and the search for programs take an entry of a search path that is
empty or relative for the current folder, and Python looks there unasked where it is started with
`-m` or `-c`, as workers are.
"""

import os
import re
import sys
from collections.abc import Mapping

_SEARCH_PATHS = {
    "PATH": ("/",),
    "PYTHONPATH": ("/",),
    "PYTHONHOME": ("/",),
    "PYTHONUSERBASE": ("/",),
    "PYTHONPYCACHEPREFIX": ("/",),
    "LD_LIBRARY_PATH": ("/", "$ORIGIN", "${ORIGIN}"),
}
"""Variables of search paths of programs, modules and libraries, and the beginning of an absolute
entry."""


def main() -> None:
    """Restart in a safe environment if this one is not; then run the command line.

    All processes that are started from here inherit it. The script bin/cantus begins isolated from
    the environment, which ends here too.
    """
    was_closed = _open_standard_streams()
    wanted, words = safe_environment(os.environ), sys.orig_argv[1:]
    is_isolated = words[:1] == ["-I"]
    if is_isolated or was_closed or wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *words[is_isolated:]], wanted)
    from engine.cli import main as command_line

    command_line()


def _open_standard_streams() -> bool:
    """Open /dev/null as each standard stream that is closed; return whether one was.

    The next file that is opened would take its number, and receive what is printed; and libraries
    write to sys.stdout, which would be None.
    """
    was_closed = False
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(number, True)
            was_closed = True
    return was_closed


def safe_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without search paths that lead to the current folder.

    Warnings are for developers: they are never turned into errors.
    """
    safe = dict(environment) | {"PYTHONSAFEPATH": "1"}
    safe.pop("PYTHONWARNINGS", None)
    for name, beginnings in _SEARCH_PATHS.items():
        separators = "[:;]" if name == "LD_LIBRARY_PATH" else ":"
        entries = re.split(separators, safe.pop(name, ""))
        kept = ":".join(entry for entry in entries if entry.startswith(beginnings))
        if kept:  # empty, it would mean the current folder
            safe[name] = kept
    return safe
