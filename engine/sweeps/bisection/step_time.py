"""How long short runs take, measured once and kept beside them."""

import json
from collections.abc import Callable, Sequence

from engine.files.atomic import write_atomically
from engine.recipe import Recipe
from engine.sweeps import cost
from engine.sweeps.bisection.trainings import Trainings
from engine.sweeps.points import digits_of

_FILE = "seconds.json"


def seconds_of_runs(
    oracle: Trainings, recipes: Sequence[Recipe], say: Callable[[str], None]
) -> list[float]:
    """Seconds of steps and evaluations of each recipe, measured where they are not known."""
    file, device = oracle.folder / _FILE, oracle.params.hardware.device
    digits = [digits_of(recipe, oracle.path, oracle.project) for recipe in recipes]
    of = " ".join([device, *digits])
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if of not in known:
        say("measuring a step ...")
        known[of] = cost.seconds_of(recipes, oracle.project, oracle.params)
        write_atomically(file, json.dumps(known, indent=1) + "\n")
    seconds: list[float] = known[of]
    return seconds
