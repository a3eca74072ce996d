"""Which version of the program and which commit of the project a run was made with."""

from contextlib import suppress
from importlib.metadata import version

from engine.errors import UserError
from engine.programs import git, is_git_checkout
from engine.project import Project

_COUNTING = ("recipes", "params.toml", "evaluation", "engine")
"""The folders whose uncommitted changes count: results change while a pipeline runs."""


def provenance(project: Project) -> dict[str, object]:
    """The version, the commit, and whether recipes or code differ from it.

    Without a commit where the project is not a git checkout, or git fails.
    """
    found: dict[str, object] = {"version": version("cantus")}
    if is_git_checkout(project.root):
        with suppress(UserError):  # before the first commit, or a checkout of another user
            commit = git(project.root, "rev-parse", "HEAD")
            changed = git(project.root, "status", "--porcelain", "--", *_COUNTING)
            found |= {"commit": commit, "uncommitted": bool(changed)}
    return found
