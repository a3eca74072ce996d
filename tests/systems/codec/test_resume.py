"""A codec's run, stopped and gone on with: everything that decides its weights is in its state."""

import shutil

import pytest
from attrs import evolve

from engine.project import Project
from engine.recipe import load_params
from engine.recipe.training import Start
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.codec.recipe import Balancer
from engine.training.checkpoint import read_checkpoint
from tests.systems.codec.conftest import LOSSES, SMALL
from tests.systems.resumed import ends_alike
from tests.systems.stops_at import StopsAt


@pytest.fixture
def train(speech, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.systems.codec.files.export.verify_exports", lambda *_: None)  # 10 s

    def run(name, recipe, watcher):
        root = tmp_path / name
        if not root.exists():
            shutil.copytree(speech.root, root)
        project = Project(root)
        return Run(recipe, project, load_params(project.params), build_system, watcher).train()

    return run


def test_every_choice_at_once_resumes_to_the_same_weights(train, make_codec_recipe, tmp_path):
    recipe = make_codec_recipe(
        model=evolve(SMALL, quantizer_dropout=0.5, restart_below=0.9),
        losses=evolve(LOSSES, balancer=Balancer(decay=0.9)),
        discriminator={"starts_at_step": 3, "every_steps": 4},
        dataset={"phase_rotation": "random"},
        ema_decay=0.9,
        steps=8,
        evaluate_every="step:4",
        checkpoint_every="step:2",
    )
    whole = ends_alike(train, recipe, tmp_path)
    assert {n for n in whole.weights if "counts" in n or "balancer" in n} == {
        "network.quantizer.counts",
        "balancer.counts",
        "balancer.sums",
    }
    assert not any(name.startswith("discriminators") for name in whole.average)


def test_a_later_phase_takes_the_discriminators_over_too(train, make_codec_recipe, tmp_path):
    recipe = make_codec_recipe(steps=2)
    train("phases", recipe, StopsAt())
    phase = evolve(recipe, name="later", start=Start(from_="small", pick="last"))
    watcher = StopsAt()
    assert train("phases", phase, watcher).ending == "finished"
    assert any(said.startswith("carried over weights from small") for said in watcher.said)
    last = read_checkpoint(tmp_path / "phases/models/small/checkpoints/last")
    assert any(name.startswith("discriminators.") for name in last.weights)
