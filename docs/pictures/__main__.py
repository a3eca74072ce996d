"""`python -m docs.pictures [NAME...]`: take the pictures of docs/, all or those of some files.

Each file of_<what>.py beside this one has `shots(project)`, which yields one shot after the other;
what a page needs (a server, a folder) lives while its shot is taken. The models of the project are
used, so train them first: dvc repro.
"""

import sys
from importlib import import_module
from pathlib import Path

from engine.errors import UserError
from engine.project import find_project


def main(wanted: list[str]) -> int:
    """Take the pictures; return the exit code."""
    project = find_project()
    names = sorted(file.stem for file in Path(__file__).parent.glob("of_*.py"))
    for name in names:
        if not wanted or name.removeprefix("of_") in wanted:
            try:
                for shot in import_module(f"docs.pictures.{name}").shots(project):
                    path = shot.take()
                    print(f"{path} {path.stat().st_size // 1000} kB")  # noqa: T201 (a command)
            except UserError as error:
                print(f"error: {error}", file=sys.stderr)  # noqa: T201 (a command)
                return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
