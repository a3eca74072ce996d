"""Names of recipes and corpora, which are also names of files, folders and git refs."""

import re

LONGEST_NAME = 64
"""Longest name in characters. Other files add to it, and file systems allow 255."""

GIT_OWN = frozenset(
    {
        "bisect",
        "exps",
        "heads",
        "notes",
        "original",
        "prefetch",
        "pull",
        "remotes",
        "replace",
        "rewritten",
        "stash",
        "tags",
        "worktree",
    }
)
"""Names that git, its hosts and DVC use under refs/, where recipes' results are kept too."""

_DEVICES = re.compile(r"aux|con|nul|prn|(com|lpt)\d")
"""Names that no file or folder can have on Windows."""


def corpus_name(name: str) -> str | None:
    """A check of the name of a corpus, which is also its folder's."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", name):
        return "must be a word of letters, digits, underscores and hyphens"
    return _folder(name)


def recipe_name(name: str) -> str | None:
    """A check of the name of a recipe, which is also that of its folders and ref."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        return f"must be a word of letters, digits and underscores, got {name!r}"
    if name.lower() in GIT_OWN:
        return f"a recipe cannot be named '{name}', because git uses refs/{name} itself"
    return _folder(name)


def run_name(name: str) -> str | None:
    """A check of the name of a run: a recipe's name, perhaps with digits.

    `words+3f9c2a` is a run of the recipe `words` with other values than its file has.
    """
    recipe, plus, digits = name.partition("+")
    if plus and not re.fullmatch(r"[0-9a-f]{6}", digits):
        return f"after '+' six digits 0-9, a-f are expected, got {name!r}"
    return recipe_name(recipe)


def _folder(name: str) -> str | None:
    if len(name) > LONGEST_NAME:
        return f"a name of {len(name)} characters is too long; at most {LONGEST_NAME} are allowed"
    if _DEVICES.fullmatch(name.lower()):
        return f"'{name}' is the name of a device on Windows, where no folder can have it"
    return None
