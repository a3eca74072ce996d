"""What a run leaves behind."""

import json

from engine.recipe.metric_names import is_known, known_metrics
from engine.systems.rvc.files.exported import read_exported
from engine.systems.rvc.recipe import Conversion, RvcRecipe
from engine.tracking.events import read_events
from engine.training.checkpoint import read_state
from tests.systems.stops_at import StopsAt


def test_every_figure_that_is_logged_is_one_that_a_recipe_may_name(trained_voice):
    events = [*read_events(trained_voice.root / "models/small/events.jsonl")]
    logged = {name for event in events for name in event.metrics if name.startswith("train/")}
    known = known_metrics(RvcRecipe)
    assert {name for name in logged if not is_known(name, known)} == {
        "train/clips_per_second"
    } & logged
    assert {"train/generator/mel", "train/discriminator/loss_over_chance"} <= logged
    assert {f"train/gradient_share/{term}" for term in ("mel", "adversarial", "feature")} <= logged


def test_figures_stand_beside_those_of_what_learns_nothing(trained_voice):
    metrics = json.loads((trained_voice.root / "models/small/metrics.json").read_text())
    assert metrics["eval"]["mel"] > 0
    assert metrics["baseline"]["mean_mel"]["mel"] > 0
    assert metrics["baseline"]["shifted"]["conversion"]["f0_cents"] < 100
    assert metrics["untrained"]["conversion"]["mcd_db"] > 0


def test_the_export_is_a_voice_with_its_index(trained_voice):
    export = trained_voice.root / "models/small/export"
    assert (export / "small.pth").is_file()
    assert [*export.glob("added_*.index")]


def test_an_export_says_when_its_weights_were_learned_not_when_the_run_ended(
    train, make_rvc_recipe, tmp_path
):
    """The highest distance counts as the best, so that it is the first and not the last."""
    recipe = make_rvc_recipe(
        conversion=Conversion(num_clips=1), steps=6, evaluate_every="step:2", best_is="highest"
    )
    assert train("worse", recipe, StopsAt()).ending == "finished"
    model = tmp_path / "worse/models/small"
    best = read_state(model / "checkpoints/best")
    facts = read_exported(model / "export/small.pth").facts
    assert best["step"] < 6
    assert facts["step"] == best["step"]
    assert facts["epoch"] == int(best["epoch"]) < int(6 / best["steps_per_epoch"])
    assert facts["info"] == f"{facts['epoch']}epoch"
