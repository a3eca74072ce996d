"""A new project in an empty folder: files, dvc.yaml, git. All of it, or nothing is left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.pipeline.dvc_yaml import write_pipeline
from engine.pipeline.load import load_pipeline
from engine.programs import git, is_git_checkout
from engine.project import Project
from engine.project_files import project_files, shipped_project
from engine.recipe import load_params

_SHOWN = 3
"""Entries of a folder that are named before the rest is counted."""
_FIRST = "Start a Cantus project"
_COMMIT = f"git commit -m '{_FIRST}'"


@frozen
class NewProject:
    """A new project: its files, relative to the root, and the git steps left to the user."""

    root: Path
    files: tuple[str, ...]
    note: str | None


def lay_project(folder: Path) -> NewProject:
    """Lay a project in `folder`, which is made where it is missing, and commit it.

    Below another git repository the files are added to it and not committed. Raises UserError, and
    leaves nothing, where the folder holds anything, there is no git, or git refuses the files.
    """
    git(Path.cwd(), "--version")
    root = folder.expanduser().resolve()
    with _emptied_on_failure(root):
        source = shipped_project()
        names = project_files(source)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, root / name)
        project = Project(root)
        write_pipeline(project.dvc_yaml, load_pipeline(project, load_params(project.params)))
        files = (*names, project.dvc_yaml.name)
        note = _put_into_git(root, files)
    return NewProject(root, files, note)


@contextmanager
def _emptied_on_failure(root: Path) -> Iterator[None]:
    """Make the folder, and empty or delete it where what is done inside raises."""
    existed = root.is_dir()
    _require_empty(root)
    made = [one for one in (root, *root.parents) if not one.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        if existed:
            for path in root.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif made:
            shutil.rmtree(made[-1], ignore_errors=True)
        raise


def _require_empty(root: Path) -> None:
    """Raise UserError where something stands in the way of a new project."""
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file. Name a folder that is empty or does not exist yet.")
    there = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    if there:
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        raise UserError(
            f"{root} holds {', '.join(there[:_SHOWN])}{more}, and a project is laid in an empty "
            "folder alone. Name a folder that is empty or does not exist yet."
        )


def _put_into_git(root: Path, files: tuple[str, ...]) -> str | None:
    """Add the files, and commit them in a repository of their own; what is left to do, if any."""
    is_inside_another = is_git_checkout(root)
    if not is_inside_another:
        git(root, "init")
    git(root, "add", "--", *files)
    if is_inside_another:
        return f"The folder lies in another git repository: nothing is committed. Then: {_COMMIT}"
    try:
        git(root, "var", "GIT_COMMITTER_IDENT")
    except UserError:
        return (
            "git does not know who you are: nothing is committed yet. Then:\n"
            '  git config --global user.name "Your Name"\n'
            f"  git config --global user.email you@example.com\n  {_COMMIT}"
        )
    try:
        git(root, "commit", "-m", _FIRST)
    except UserError as error:  # a hook, or a key to sign with: the user's to decide
        return f"Nothing is committed yet: {error}\nThen: {_COMMIT}"
    return None
