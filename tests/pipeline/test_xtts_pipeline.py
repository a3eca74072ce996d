"""XTTS's two phases on a fresh checkout: what `dvc repro` does, and what is compared."""

import json
import shutil

import pytest
import tomli
import tomli_w

from tests.pipeline.checkout import Checkout
from tests.pipeline.test_pipeline import ran

pytestmark = pytest.mark.slow

PHASES = ("xtts_phase1", "xtts_phase2")
PREPARED = tuple(f"prepare@{name}" for name in PHASES)
FIRST, SECOND = (f"recipes/demo/{name}.toml" for name in PHASES)


SMALL = {
    "dataset.num_train_clips": 32,
    "model.num_layers": 1,
    "model.dim": 32,
    "model.num_codes": 16,
    "schedule.gpt.warmup_steps": 1,
    "training.steps": 4,
    "training.log_every_steps": 1,
    "samples.num_clips": 1,
    "speech.judges": [],  # the demo's takes seconds
}
SHORT = SMALL | {
    "training.steps": 3,
    "guard.eval/mel_ce_increase_wrong_voice.at": "from step:9",  # too short to hear a voice
}


def change(checkout, name, changes):
    """Set values of a demo."""
    path = checkout.root / name
    recipe = tomli.loads(path.read_text())
    for key, value in changes.items():
        *tables, last = key.split(".")
        place = recipe
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = value
    path.write_text(tomli_w.dumps(recipe))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("xtts"))
    change(made, FIRST, SMALL)
    change(made, SECOND, SHORT)
    made.edit("params.toml", 'mirrors = ["aim"]', "mirrors = []")
    made.commit()
    made.first = made.run("dvc", "repro", "xtts_phase2")
    return made


def prepared(checkout, name):
    return sorted(path.name for path in (checkout.root / "build/prepared" / name).iterdir())


def metrics(checkout, name):
    return json.loads((checkout.root / f"models/{name}/metrics.json").read_text())


def test_the_second_phase_trains_the_first_where_it_is_missing_and_nothing_more(checkout):
    stages = set(ran(checkout.first))
    assert {"voice", *PREPARED, *PHASES} <= stages
    assert not {"words", "speech", "audio_vae", "codec_dac_fixed"} & stages
    assert ran(checkout.run("dvc", "repro", "xtts_phase2")) == []


def test_the_second_phase_begins_where_the_first_was_best_on_the_same_clips(checkout):
    first, second = (metrics(checkout, name) for name in PHASES)
    assert first["evaluation_set"] == second["evaluation_set"]
    assert second["parent"] == first["eval"]
    assert second["baseline"] == first["baseline"]


def test_the_phases_are_compared_by_dvc_and_by_cantus(checkout):
    compared = checkout.run("dvc", "metrics", "diff", *PHASES)
    assert "mel_ce" in compared
    assert "optimizer.gpt.learning_rate" in checkout.run("dvc", "params", "diff", *PHASES)
    assert "start.from" in checkout.run("cantus", "diff", *PHASES)


def test_what_the_report_holds_is_heard_and_the_export_is_named_for_what_it_is(checkout):
    model = checkout.root / "models/xtts_phase2"
    spoken = sorted({path.name for path in model.glob("samples/final/*/*.wav")})
    assert spoken == ["codes.wav", "original.wav", "seed_1.wav", "spoken.wav"]
    exported = {path.name for path in (model / "export").iterdir()}
    assert exported == {
        "model.pth", "vocab.json", "config.json", "xtts.json", "README.md",
        "centroids.safetensors",  # with which `cantus speak` turns codes into sound
    }  # fmt: skip


def test_another_rate_of_the_second_phase_trains_that_alone(checkout):
    change(checkout, SECOND, {"optimizer.gpt.learning_rate": 6e-4})
    stages = set(ran(checkout.run("dvc", "repro", "xtts_phase2")))
    assert "xtts_phase2" in stages
    assert not {"xtts_phase1", *PREPARED} & stages


@pytest.fixture(scope="module")
def harmless(checkout):
    """What DVC says after published files have arrived, and a comment in a recipe."""
    (checkout.root / "published/theirs").mkdir()
    (checkout.root / "published/theirs/model.pth").write_bytes(b"weights")
    path = checkout.root / FIRST
    path.write_text(f"{path.read_text()}\n# a comment\n")
    return checkout.run("dvc", "repro", "xtts_phase2")


def test_published_files_that_arrive_run_nothing_but_what_looks_at_them(harmless):
    assert ran(harmless) == []


def test_a_comment_in_a_recipe_runs_nothing_but_what_reads_recipes(harmless):
    assert ran(harmless) == []


def test_what_was_prepared_lists_the_clips_of_both_phases(checkout):
    first, second = (prepared(checkout, name) for name in PHASES)
    assert first == second
    assert {name.partition("-")[0] for name in first} == {
        "audio_codes", "clips.tsv", "codes", "quarantined.tsv", "tokens", "vocab",
    }  # fmt: skip
    evaluated = set()
    for name in PHASES:
        lines = (checkout.root / "build/prepared" / name / "clips.tsv").read_text("utf-8")
        evaluated.add(lines[lines.index("\tevaluation\t") :])
    assert len(evaluated) == 1


def test_what_dvc_brings_from_elsewhere_is_trained_on_as_it_is(checkout):
    for folder in ("features", "prepared"):
        shutil.rmtree(checkout.root / "build" / folder)
    checkout.run("dvc", "checkout", *PREPARED)
    for name in PHASES:
        assert "already trained" in checkout.run("cantus", "train", name)
    assert not (checkout.root / "build/features").exists()


def test_another_limit_prepares_both_phases_again_and_trains_them(checkout):
    for demo in (FIRST, SECOND):
        change(checkout, demo, {"dataset.max_seconds": 5.0})
    before = prepared(checkout, "xtts_phase1")
    stages = ran(checkout.run("dvc", "repro", "xtts_phase2"))
    assert {*PREPARED, *PHASES} <= set(stages)
    assert prepared(checkout, "xtts_phase1") != before
