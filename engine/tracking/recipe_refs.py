"""Git refs that let DVC compare two recipes: `dvc metrics diff audio_vae audio_vae_plus`.

DVC compares git revisions, and the results of two recipes lie side by side in one. So each recipe
gets a ref `refs/<recipe>` to a commit whose tree is that recipe's results under names that are
the same for all: metrics.json, recipe.toml, params.toml, plots/train.csv. The figures lie below a
key with the digest of their evaluation set, and of their unit where that is the recipe's own, so
that DVC lines up what may be compared and shows no difference elsewhere. Git's plumbing writes it
without touching a branch, the index, a tag or the working tree, and nothing pushes or clones it.
The commit has no parent, no author's name and no date of its own: same content, same ref.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.project import Project
from engine.recipe.diff import leaves
from engine.recipe.naming import GIT_OWN
from engine.tracking.comparable import SCALE, scale_of, short_digest

_OF_A_HOOK = {
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
}
"""What git tells its hooks; it would send these commands to another repository."""
_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "cantus"), ("EMAIL", "cantus@localhost"), ("DATE", "@0 +0000"))
}


def refresh_recipe_refs(project: Project) -> list[str]:
    """Bring the refs of all recipes that have metrics up to date; return those that changed.

    Every stage calls it, so that the refs of recipes whose stages did not run exist as well. In a
    DVC experiment a recipe's ref stays as it is, for the experiment does not replace the recipe's
    result; results that differ from it get `refs/<recipe>.<experiment>`. Nothing is done where
    there is no git checkout. Raises UserError where git keeps its own things under a recipe's name.
    """
    root = project.checkout
    if not (root / ".git").exists():
        return []
    names = sorted(file.stem for file in (project.root / "metrics").glob("*.json"))
    written = (_write(root, name, _results(project, name)) for name in names)
    return [ref for ref in written if ref is not None]


def _results(project: Project, name: str) -> dict[str, Path]:
    """The files of a recipe's result by the names that are the same for all; missing ones not.

    What a model was trained with lies beside it; the present files may have changed since.
    """
    resolved = (project.model(name) / "recipe.toml", project.resolved_recipe(name))
    trained_with = project.model(name) / "params.toml"
    files = {
        "metrics.json": project.metrics(name),
        "recipe.toml": next((file for file in resolved if file.is_file()), project.recipe(name)),
        "params.toml": trained_with if trained_with.is_file() else project.params,
        "train.csv": project.plots(name) / "train.csv",
    }
    return {name: file for name, file in files.items() if file.is_file()}


def _write(root: Path, name: str, files: dict[str, Path]) -> str | None:
    """Point a recipe's ref, or an experiment's, at its results; its name where that changed it."""
    if name in GIT_OWN:
        raise UserError(
            f"A recipe cannot be called '{name}': git keeps its own things under refs/{name}. "
            "Give it another name."
        )
    commit, present = _commit(root, files), _target(root, name)
    experiment = os.environ.get("DVC_EXP_NAME")
    if experiment and present:
        ref = f"{name}.{experiment}"
        if commit in (present, _target(root, ref)):
            return None
    elif commit == present:
        return None
    else:
        ref = name
    _git(root, "update-ref", f"refs/{ref}", commit)
    return ref


def _target(root: Path, ref: str) -> str:
    """The commit that a ref points at; empty where there is no such ref."""
    return _git(root, "for-each-ref", "--format=%(objectname)", f"refs/{ref}")


def _commit(root: Path, files: dict[str, Path]) -> str:
    blobs = {name: _blob(root, file.read_bytes()) for name, file in files.items()}
    if "metrics.json" in files:
        blobs["metrics.json"] = _blob(root, _below_their_set(files["metrics.json"]))
    curve = blobs.pop("train.csv", None)
    blobs["dvc.yaml"] = _blob(root, _dvc_yaml(set(blobs), curves=curve is not None).encode())
    lines = [f"100644 blob {blob}\t{name}" for name, blob in blobs.items()]
    if curve:
        plots = _git(root, "mktree", stdin=f"100644 blob {curve}\ttrain.csv\n".encode())
        lines.append(f"040000 tree {plots}\tplots")
    tree = _git(root, "mktree", stdin="".join(f"{line}\n" for line in lines).encode())
    return _git(root, "commit-tree", tree, "-m", "Results of one recipe, for DVC to compare")


def _below_their_set(file: Path) -> bytes:
    """Metrics with every figure below its set and unit; as they are where they name no set."""
    content = file.read_bytes()
    try:
        metrics = json.loads(content)
        figures = leaves(metrics) if isinstance(metrics, dict) else {}
    except (ValueError, RecursionError):
        return content
    evaluation_set = figures.pop("evaluation_set", None)
    if not isinstance(evaluation_set, str):
        return content
    tree: dict[str, Any] = {}
    for name, value in figures.items():
        if "." not in name:
            tree[name] = value
        elif not name.startswith(f"{SCALE}."):
            scale = scale_of(figures, name)
            unit = "" if scale is None else f", unit {short_digest(scale)}"
            key = f"evaluation set {short_digest(evaluation_set)}{unit}"
            tree.setdefault(key, {})[name] = value
    return json.dumps(tree, indent=2, sort_keys=True).encode()


def _dvc_yaml(names: set[str], *, curves: bool) -> str:
    text = "metrics: [metrics.json]\n" if "metrics.json" in names else ""
    text += f"params: [{', '.join(sorted(name for name in names if name.endswith('.toml')))}]\n"
    return text + ("plots:\n- plots/train.csv: {x: step, y: loss}\n" if curves else "")


def _blob(root: Path, content: bytes) -> str:
    return _git(root, "hash-object", "-w", "--stdin", stdin=content)


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> str:
    outer = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        input=stdin,
        env=outer | _NOBODY,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(
            f"git {arguments[0]} failed in {root}, so the results cannot be kept for "
            f"`dvc metrics diff`: {done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout.decode().strip()
