"""Pass rate of preflight's fall check over seeds at a low rate, tiny XTTS."""
import sys, torch, pytest
from attrs import evolve
from engine.recipe.optimizers import AdamW
from engine.training.devices import Device
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.schedules import Length
from engine.training.step import Stepper
from engine.systems.xtts.system import build
from engine.recipe import load_params
from tests.systems.xtts.small_project import *
from tests.systems.xtts.small_project import load_params_of
import json,os
@pytest.mark.parametrize("rate",[1e-6])
def test_rate(spoken_project, make_xtts_recipe, rate):
    recipe = make_xtts_recipe()
    recipe = evolve(recipe, optimizer={"gpt": AdamW(learning_rate=rate)})
    n=int(os.environ.get("SEEDS","30")); fails=0; broken=0
    for seed in range(n):
        torch.manual_seed(seed)
        system = build(recipe, spoken_project, load_params_of(spoken_project))
        for br in ((False, True) if seed < 20 else (False,)):
            stepper = Stepper(Device(torch.device("cpu")), system, recipe, Length(20,5))
            if br:
                for one in stepper._optimized:
                    inner=one.optimizer.step
                    mode=seed%2
                    def bad(inner=inner, one=one, mode=mode):
                        if mode: return None
                        for g in one.optimizer.param_groups:
                            for p in g["params"]:
                                if p.grad is not None: p.grad.neg_()
                        inner()
                    one.optimizer.step=bad
            order = Order(system.train_clips.lengths, 4, seed=seed)
            checks = Preflight(system, recipe, order, Length(20,5), stepper).checks()
            bad=[c for c in checks if not c.ok]
            if br: broken += bool(bad)
            else:
                fails += bool(bad)
                if bad or seed<2: print(seed,[ (c.name,c.detail) for c in checks if "learned" in c.name or not c.ok])
    print("failed",fails,"of",n,"broken found",broken)
