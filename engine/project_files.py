"""What a project consists of: the files that `cantus init` lays, and that this repository has too.

setup.py reads this module before Cantus is installed, so it imports nothing that needs installing.
"""

from pathlib import Path

_PROJECT = (
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvcignore",
    ".gitignore",
    "data.dvc",
    "data/builtin/*.tsv",
    "docs/recipe.schema.json",  # recipes name it: editors complete from it
    "evaluation/README.md",
    "params.toml",
    "published/README.md",
    "recipes/*.toml",
    "recipes/*/*.toml",
    "upstream/*.toml",
)
"""Besides, dvc.yaml is derived from the recipes."""
_PAGES = ("docs/*.md", "docs/*/*.md")
"""What messages, reports and recipes refer to; no part of a project."""

IN_A_WHEEL = "new_project"
"""The folder of the installed package that holds them; an editable install has the clone's own."""


def project_files(root: Path) -> list[str]:
    """The files of a project below `root`, as paths relative to it, sorted."""
    return _matching(root, _PROJECT)


def shipped_files(root: Path) -> list[str]:
    """What a wheel holds of the repository at `root`, beside the engine's code: with the pages."""
    return _matching(root, (*_PROJECT, *_PAGES))


def shipped_project() -> Path:
    """The folder with the files of the project that this Cantus came with, and the pages."""
    package = Path(__file__).parent
    in_a_wheel = package / IN_A_WHEEL
    return in_a_wheel if in_a_wheel.is_dir() else package.parent


def _matching(root: Path, patterns: tuple[str, ...]) -> list[str]:
    found = {path for pattern in patterns for path in root.glob(pattern)}
    return sorted(path.relative_to(root).as_posix() for path in found)
