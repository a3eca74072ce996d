"""What a sweep will take, by timing a few steps of the recipe as it is."""

from collections.abc import Sequence

from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe


def seconds_of(recipes: Sequence[Recipe], project: Project, params: Params) -> list[float]:
    """Seconds of steps and evaluations that each recipe trains on this machine.

    The first is timed, on its longest batch; of the others only the length counts. Raises UserError
    where its corpus or what it is made into is not there yet.
    """
    import torch

    from engine.runs.estimate import estimate_run
    from engine.system_support.build import build_system
    from engine.training.clock import Clock
    from engine.training.devices import make_device
    from engine.training.processes import num_processes

    base = recipes[0]
    torch.manual_seed(params.seed)
    system = build_system(base, project, params)
    device = make_device(params.hardware, base.training.precision)
    found = estimate_run(device, system, base, project.root, num_processes(params.hardware))
    seconds = []
    for recipe in recipes:
        clips = len(system.train_clips.ids)
        clock = Clock.of(recipe.training, -(-clips // recipe.training.batch_size))
        steps = found.step_seconds * clock.length.total_steps
        seconds.append(steps + found.evaluation_seconds * clock.num_evaluations(recipe.training))
    return seconds
