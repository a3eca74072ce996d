"""Git refs that let DVC compare two recipes: `dvc metrics diff audio_vae audio_vae_plus`.

DVC compares git revisions, but the results of two recipes are in the same one. So each recipe
gets a ref `refs/<recipe>` to a commit whose tree is that recipe's results (`ref_content.py`). A
ref has the results of the workspace: everything that changes results refreshes it (`git_hook.py`,
`after_dvc.py`, the commands that show results).
"""

import os
from collections.abc import Collection, Mapping, Sequence

from engine.errors import UserError
from engine.programs import is_git_checkout
from engine.project import Project
from engine.recipe.naming import GIT_OWN
from engine.tracking.git_hook import follow_git, note_look
from engine.tracking.plots_page import draw_offline
from engine.tracking.ref_content import Files, ref_contents, results_held, results_in
from engine.tracking.worktree_refs import WorktreeRefs, digest_of


def refresh_recipe_refs(project: Project) -> list[str]:
    """Bring the refs of all recipes up to date with their metrics; return those that changed.

    Every stage calls it, so that the refs of recipes whose stages did not run exist as well. A
    recipe without metrics has no ref. In a DVC experiment a recipe's ref stays as it is, for the
    experiment does not replace the recipe's result; results that differ from it get
    `refs/<recipe>.<experiment>`. Does nothing outside of a git checkout. Raises UserError where
    git itself uses a recipe's name, and with git's message where git fails.
    """
    if not is_git_checkout(project.checkout):
        return []
    refs = WorktreeRefs.of(project.checkout)
    present, experiment = refs.digests(), os.environ.get("DVC_EXP_NAME")
    metrics = project.root / "metrics"
    if not present and not metrics.is_dir():
        return []
    note_look(refs)
    names = sorted(file.stem for file in metrics.glob("*.json"))
    _require_free(names)
    contents = ref_contents(_results(project, refs, names, present, experiment))
    changed = {ref: new for ref, new in contents.items() if digest_of(new) != present.get(ref)}
    gone = [] if experiment else [ref for ref in present if "." not in ref and ref not in contents]
    if changed:
        refs.write(changed)
        follow_git(refs)
    if gone:
        refs.delete(gone)
    return sorted([*changed, *gone])


def _results(
    project: Project,
    refs: WorktreeRefs,
    names: Sequence[str],
    present: Collection[str],
    experiment: str | None,
) -> Mapping[str, Files]:
    """The results for each ref: those of experiments, and within one all, come from refs."""
    kept = [ref for ref in present if "." in ref or experiment]
    results: dict[str, Files] = {
        ref: held for ref in kept if (held := results_held(refs.files(ref)))
    }
    for name in names:
        found = results_in(project, name)
        if not (experiment and name in present):
            results[name] = found
        elif found != results.get(name):
            results[f"{name}.{experiment}"] = found
    return results


def keep_refs_fresh(project: Project) -> str | None:
    """Refresh the refs without raising; return a note where that failed."""
    try:
        note = draw_offline(project)
        refresh_recipe_refs(project)
    except (UserError, OSError) as error:
        return f"note: `dvc metrics diff RECIPE RECIPE` may show old figures: {error}"
    return note


def _require_free(names: list[str]) -> None:
    for name in names:
        if name in GIT_OWN:
            raise UserError(
                f"A recipe cannot be named '{name}', because git uses refs/{name} itself. "
                "Rename the recipe."
            )
