"""No evaluation clip was trained on, in any phase: known by its audio, not its name.

Neither whole nor in part: a corpus may have been cut in another way since.
"""

from collections.abc import Iterator

from engine.evaluation.audio import rows_sharing_audio
from engine.evaluation.lineage import Ancestors
from engine.recipe.schema import Recipe
from engine.training.checks.check import Check
from engine.training.system import System

_ITSELF = "this recipe"
_MEMORY = "its figures would measure memorization, not skill"


def held_out_checks(system: System, ancestors: Ancestors, recipe: Recipe) -> Iterator[Check]:
    """The evaluation set, and other clips that are measured as held out."""
    trained = {_ITSELF: system.train_clips, **ancestors}
    yield _evaluation(system, trained, recipe)
    for setting, clips in system.preflight.held_out.items():
        total = len(clips.digests)
        found = {name: len(rows_sharing_audio(clips, theirs)) for name, theirs in trained.items()}
        by = [f"{number} by {name}" for name, number in found.items() if number]
        said = f"none of its {total} clips was trained on"
        if by:
            said = f"of its {total} clips were trained on {' and '.join(by)}; {_MEMORY}. "
            said += f"Hold out clips that are in no training set, or set {setting} to 0"
        yield Check(f"clips of {setting}", not by, said)


def _evaluation(system: System, trained: Ancestors, recipe: Recipe) -> Check:
    clips = system.eval_clips
    total = len(clips.ids)
    for name, theirs in trained.items():
        if rows := rows_sharing_audio(clips, theirs):
            first = ", ".join(clips.ids[row] for row in rows[:3])
            are = "are" if name == _ITSELF else "were"
            said = f"{len(rows)} of the {total} evaluation clips {are} trained on by {name}"
            detail = f"{said} (first: {first}); {_MEMORY}. {_advice(name, recipe)}"
            return Check("evaluation set", False, detail)
    before = [name for name in trained if name != _ITSELF]
    nor = f", nor was by {' or '.join(before)}" if before else ""
    return Check("evaluation set", True, f"none of its {total} clips is trained on{nor}")


def _advice(name: str, recipe: Recipe) -> str:
    """How to evaluate on other clips than those that the recipe `name` learned from."""
    if name == _ITSELF or recipe.start is None:
        return "The system must hold evaluation clips out of its training clips"
    parent = recipe.start.name
    frozen = getattr(recipe.dataset, "evaluation", None)
    if frozen is not None:
        return (
            f"Pin another evaluation set than dataset.evaluation = '{frozen}', or remove that key: "
            f"the evaluation clips of {parent} are then inherited"
        )
    if recipe.start.evaluation == "own":
        return (
            "Set start.evaluation = 'inherited', which evaluates on the parent's own clips, or "
            "set dataset.evaluation to a pinned set"
        )
    return (
        f"None of the evaluation clips of {parent} is in this corpus, so there was nothing to "
        f"inherit. Segment the corpus as that of {parent}, add its evaluation clips, or set "
        "dataset.evaluation to a pinned set of clips that no earlier recipe was trained on"
    )
