"""XTTS's two phases on a fresh checkout: what `dvc repro` does, and what is compared."""

import json

import pytest

from tests.pipeline.checkout import Checkout
from tests.pipeline.test_pipeline import ran

pytestmark = pytest.mark.slow

PHASES = ("xtts_phase1", "xtts_phase2")
FIRST, SECOND = (f"recipes/{name}.toml" for name in PHASES)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("xtts"))
    made.edit(FIRST, "num_layers = 4\ndim = 128", "num_layers = 1\ndim = 32")
    made.edit(FIRST, "num_codes = 256", "num_codes = 16")
    made.edit(FIRST, "steps = 300\nbatch_size", "steps = 4\nlog_every_steps = 1\nbatch_size")
    made.edit(FIRST, "max_seconds = 6.0", "max_seconds = 6.0\nnum_train_clips = 32")
    made.edit(FIRST, "warmup_steps = 200", "warmup_steps = 1")
    made.edit(SECOND, "\nsteps = 150\n", "\nsteps = 3\n")
    for name in (FIRST, SECOND):
        path = made.root / name
        path.write_text(f"{path.read_text()}\n[profile.demo.samples]\nnum_clips = 1\n")
    made.edit(SECOND, 'at = "always"', 'at = "from step:9"')  # so short a training hears no voice
    made.edit("params.toml", "aim = true", "aim = false")
    made.commit()
    made.first = made.run("dvc", "repro", "xtts_phase2")
    return made


def metrics(checkout, name):
    return json.loads((checkout.root / f"metrics/{name}.json").read_text())


def test_the_second_phase_trains_the_first_where_it_is_missing_and_nothing_more(checkout):
    stages = set(ran(checkout.first))
    assert {"speech", *PHASES} <= stages
    assert not {"words", "audio_vae", "codec_dac_fixed"} & stages
    assert ran(checkout.run("dvc", "repro", "xtts_phase2")) == []


def test_the_second_phase_begins_where_the_first_was_best_on_the_same_clips(checkout):
    first, second = (metrics(checkout, name) for name in PHASES)
    assert first["evaluation_set"] == second["evaluation_set"]
    assert second["parent"] == first["eval"]
    assert second["baseline"] == first["baseline"]


def test_the_phases_are_compared_by_dvc_and_by_cantus(checkout):
    checkout.run("cantus", "phases")
    compared = checkout.run("dvc", "metrics", "diff", *PHASES)
    assert "eval.mel_ce" in compared
    assert "optimizer.gpt.learning_rate" in checkout.run("dvc", "params", "diff", *PHASES)
    assert "start.from" in checkout.run("cantus", "diff", *PHASES)


def test_what_the_report_holds_is_heard_and_the_export_is_named_for_what_it_is(checkout):
    model = checkout.root / "models/xtts_phase2"
    spoken = sorted(path.name for path in model.glob("samples/final/*/*.wav"))
    assert spoken == ["codes.wav", "original.wav", "seed_1.wav", "spoken.wav"]
    exported = {path.name for path in (model / "export").iterdir()}
    assert exported == {"model.pth", "vocab.json", "config.json", "xtts.json", "README.md"}


def test_another_rate_of_the_second_phase_trains_that_alone(checkout):
    checkout.edit(SECOND, "learning_rate = 5e-4", "learning_rate = 6e-4")
    stages = set(ran(checkout.run("dvc", "repro", "xtts_phase2")))
    assert "xtts_phase2" in stages
    assert "xtts_phase1" not in stages
