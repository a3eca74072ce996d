"""What a recipe and a corpus may be called: files, folders and git refs bear their names."""

import re

LONGEST_NAME = 64
"""Characters. Files beside a folder add to its name, and no file system takes more than 255."""

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
"""What git, its hosts and DVC keep under refs/, where a recipe's results are kept as well."""

_DEVICES = re.compile(r"aux|con|nul|prn|(com|lpt)\d")
"""What no file and no folder can be called on Windows."""


def corpus_name(name: str) -> str | None:
    """A check: what keeps `name` from being a corpus's, whose folder it becomes, or None."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", name):
        return "must be a word of letters, digits, underscores and hyphens"
    return _folder(name)


def recipe_name(name: str) -> str | None:
    """A check: what keeps `name` from being a recipe's, whose folders and ref it becomes."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        return f"must be a word of letters, digits and underscores, got {name!r}"
    if name.lower() in GIT_OWN:
        return f"a recipe cannot be called '{name}': git keeps its own things under refs/{name}"
    return _folder(name)


def run_name(name: str) -> str | None:
    """A check: what keeps `name` from being a run's: a recipe's name, perhaps with digits.

    `words+3f9c2a` is a run of the recipe `words` with other values than its file has.
    """
    recipe, plus, digits = name.partition("+")
    if plus and not re.fullmatch(r"[0-9a-f]{6}", digits):
        return f"after '+' six digits 0-9, a-f are expected, got {name!r}"
    return recipe_name(recipe)


def _folder(name: str) -> str | None:
    if len(name) > LONGEST_NAME:
        return f"a name of {len(name)} characters is too long; {LONGEST_NAME} are allowed"
    if _DEVICES.fullmatch(name.lower()):
        return f"'{name}' is a device on Windows, where no folder can be called that"
    return None
