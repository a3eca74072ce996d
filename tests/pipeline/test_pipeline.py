"""The real commands on a fresh checkout: what a user types, in the order a user types it."""

import json
import shutil
import time

import psutil
import pytest

from engine.tracking.events import read_events
from tests.pipeline.checkout import Checkout

pytestmark = pytest.mark.slow


def ran(output):
    """The stages that DVC ran, but for `resolve`, which always runs: it looks for changes."""
    lines = (line for line in output.splitlines() if line.startswith("Running stage"))
    return [name for name in (line.split("'")[1] for line in lines) if name != "resolve"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    made.make_tiny()
    made.first = made.run("dvc", "repro", "audio_vae_plus", "audio_vae")
    model = made.root / "models/audio_vae/checkpoints/last/weights.safetensors"
    made.weights, made.metrics = (
        model.read_bytes(),
        (made.root / "metrics/audio_vae.json").read_bytes(),
    )
    return made


def test_one_command_makes_the_corpus_trains_and_leaves_the_working_tree_clean(checkout):
    assert set(ran(checkout.first)) >= {"words", "audio_vae", "audio_vae_plus"}
    assert "speech" not in ran(checkout.first)
    status = checkout.run("git", "status", "--short").splitlines()
    assert {line.split()[1] for line in status} <= {"dvc.lock", "metrics/", "plots/", "data.dvc"}
    for name in ("audio_vae", "audio_vae_plus"):
        assert (checkout.root / f"models/{name}/report.html").is_file()
        assert (checkout.root / f"models/{name}/export/codes.npy").is_file()


def test_nothing_runs_again_when_nothing_changed(checkout):
    assert ran(checkout.run("dvc", "repro", "audio_vae_plus", "audio_vae")) == []


def test_metrics_of_both_recipes_are_shown_and_compared(checkout):
    shown = checkout.run("dvc", "metrics", "show")
    assert "audio_vae.json" in shown
    compared = checkout.run("dvc", "metrics", "diff", "audio_vae", "audio_vae_plus")
    assert "rmse_db" in compared
    digests = {
        json.loads((checkout.root / f"models/{name}/metrics.json").read_text())["evaluation_set"]
        for name in ("audio_vae", "audio_vae_plus")
    }
    assert len(digests) == 1


def test_recipes_and_curves_of_both_are_compared(checkout):
    assert "model.kind" in checkout.run("dvc", "params", "diff", "audio_vae", "audio_vae_plus")
    checkout.run("dvc", "plots", "diff", "audio_vae", "audio_vae_plus", "-o", "build/plots")
    assert (checkout.root / "build/plots/index.html").is_file()


_HARMLESS = {
    "audio_vae": "# a comment\n",
    "tiny/audio_vae": "num_clips = 5\n",
    "elsewhere/audio_vae": 'extends = "../audio_vae.toml"\n[training]\nepochs = 9\n',
}
"""What is added to recipes and changes no learning: a comment, a sample, another profile."""


def test_what_does_not_change_learning_retrains_nothing(checkout):
    kept = {}
    for file, added in _HARMLESS.items():
        recipe = checkout.root / f"recipes/{file}.toml"
        recipe.parent.mkdir(exist_ok=True)
        kept[recipe] = recipe.read_text() if recipe.exists() else ""
        recipe.write_text(kept[recipe].replace("num_clips = 1\n", "") + added)
    output = checkout.run("dvc", "repro", "audio_vae_plus", "audio_vae")
    for recipe, text in kept.items():
        if text:
            recipe.write_text(text)
        else:
            recipe.unlink()
    assert not {"audio_vae", "audio_vae_plus"} & set(ran(output))


def test_an_edited_caption_command_or_page_decodes_and_trains_nothing_again(checkout):
    for file in ("systems/vqvae/samples.py", "cli/train.py", "corpus/account/summary.py"):
        path = checkout.root / "engine" / file
        path.write_text(path.read_text() + "\nEDITED = 1\n")
    assert ran(checkout.run("dvc", "repro", "audio_vae")) == []


def test_an_edited_metric_trains_again_names_the_module_and_decodes_nothing(checkout):
    path = checkout.root / "engine/metrics/codes.py"
    before = path.read_text()
    path.write_text(before + "\nEDITED = 1\n")
    told = checkout.run("cantus", "identity", "audio_vae")
    assert "What differs: code (engine.metrics.codes)." in told
    assert ran(checkout.run("dvc", "repro", "audio_vae")) == ["audio_vae"]
    path.write_text(before)
    output = checkout.run("dvc", "repro", "audio_vae")
    assert "audio_vae" in ran(output) or "Stage 'audio_vae' is cached" in output


def test_an_inherited_value_retrains_the_child_and_is_told_of(checkout):
    checkout.edit("recipes/audio_vae.toml", "num_train_clips = 128", "num_train_clips = 96")
    changed = checkout.run("cantus", "diff", "audio_vae_plus", "--last")
    assert "num_train_clips" in changed
    assert "audio_vae_plus" in ran(checkout.run("dvc", "repro", "audio_vae_plus"))


def test_an_experiment_changes_a_value_and_compares(checkout):
    checkout.commit()
    where = "recipes/audio_vae_plus.toml:optimizer.autoencoder.learning_rate=1e-4"
    output = checkout.run("dvc", "exp", "run", "-n", "slower", "-S", where, "audio_vae_plus")
    assert "Ran experiment" in output
    both = ("audio_vae_plus", "audio_vae_plus.slower")
    assert "learning_rate" in checkout.run("dvc", "params", "diff", *both)
    assert "rmse_db" in checkout.run("dvc", "metrics", "diff", "HEAD", "slower")
    compared = checkout.run("dvc", "metrics", "diff", *both)
    row = next(line for line in compared.splitlines() if " rmse_db " in line)
    assert "-" not in row.split()[-3:-1]  # both sides have the figure, on one line


def test_cantus_says_how_the_run_ended_and_what_differs(checkout):
    assert "finished" in checkout.run("cantus", "why", "audio_vae")
    assert "model.kind" in checkout.run("cantus", "diff", "audio_vae", "audio_vae_plus")
    assert "batch_min_max" in checkout.run("cantus", "diff", "audio_vae", "--upstream")
    assert "83,777" in checkout.run("cantus", "estimate", "audio_vae")


def test_a_run_killed_with_dvc_and_then_alone_goes_on_to_the_same_weights(tmp_path, checkout):
    made = Checkout(tmp_path)
    made.make_tiny()
    copy_corpus(checkout, made)
    kill_in_the_middle(made, "dvc", after=3)
    kill_in_the_middle(made, "engine", after=6)
    made.run("dvc", "repro", "audio_vae")
    place = "models/audio_vae/checkpoints/last/weights.safetensors"
    assert (made.root / place).read_bytes() == checkout.weights
    metrics = (made.root / "metrics/audio_vae.json").read_bytes()
    assert metrics == checkout.metrics


def copy_corpus(source, made):
    """Spare a second synthesis: the corpus, put under the new checkout's lock."""
    shutil.copytree(source.root / "build", made.root / "build")
    made.run("dvc", "commit", "-f", "words")


def kill_in_the_middle(made, victim, after):
    process = made.start("dvc", "repro", "audio_vae")
    for _ in range(3000):
        (log,) = list(made.root.glob("runs/audio_vae/*/events.jsonl")) or [None]
        if log and sum(event.kind == "train" for event in read_events(log)) >= after:
            break
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    engine = next(child for child in family if "train" in child.cmdline()[1:4])
    if victim == "dvc":
        process.kill()
    engine.kill()  # without dvc it would live on as an orphan
    process.wait(60)
    assert not (made.root / "models/audio_vae").exists()
