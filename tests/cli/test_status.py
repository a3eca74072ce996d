"""Real folders of runs and models, told in a screen and in JSON."""

import json
import os
import sys

import pytest

from engine.files.lock import locked
from engine.project import Project
from engine.promotion.kept_files import kept_files
from engine.promotion.record import Promotion, add_decision
from engine.tracking.events import Event
from tests.finished_models import make_model
from tests.run_folders import make_run, start


def told(cantus, *words):
    return json.loads(cantus("status", "--json", *words).out)


def words(cantus):
    return next(one for one in told(cantus)["recipes"] if one["name"] == "words")


def begin(project, *events):
    """A run of the recipe that is no model's."""
    folder = make_run(
        project / "runs" / "words" / "aaaaaaaaaaaa", [start("words"), *events], "words"
    )
    (folder.parent / "latest").write_text(folder.name)
    return folder


def test_a_recipe_that_was_never_trained_is_listed(project, cantus):
    assert "never trained: words" in cantus("status").out
    assert words(cantus)["state"] == "never trained"
    assert told(cantus)["schema"] == 1


def test_a_model_has_its_value_and_its_verdict_and_nothing_is_stale(project, cantus):
    make_model(project)
    found = words(cantus)
    assert (found["state"], found["metric"], found["value"]) == ("trained", "eval/rmse_db", 4.0)
    assert (found["verdict"], found["keep"]) == ("better than all baselines", "words")
    assert found["stale"] == []
    row, verdict = cantus("status").out.splitlines()[:2]
    assert row.split() == ["words", "trained", "rmse_db", "4", "keep", "words"]
    assert verdict == "  these weights: better than all baselines"


def test_what_is_stale_is_said_with_what_changed(project, cantus):
    folder = make_model(project)
    demo = project / "recipes" / "demo" / "words.toml"
    demo.write_text(demo.read_text().replace("epochs = 1", "epochs = 2"))
    params = project / "params.toml"
    params.write_text(params.read_text().replace("seed = 1", "seed = 2"))
    about = json.loads((folder / "run.json").read_text())
    about["covers"]["code"]["engine.training.loop"] = "other"
    about["corpus"] = "then"
    (folder / "run.json").write_text(json.dumps(about))
    corpus = project / "build" / "corpus" / "words"
    corpus.mkdir(parents=True)
    (corpus / "corpus.json").write_text('{"digest": "now"}')
    assert words(cantus)["stale"] == [
        "recipe edited (training.epochs)",
        "code changed (engine.training.loop)",
        "the seed changed from 1 to 2",
        "data changed (corpus words)",
    ]
    assert "trained, stale" in cantus("status").out


def test_code_that_was_looked_at_is_looked_at_again_when_a_file_changes(project, cantus):
    make_model(project)
    assert words(cantus)["stale"] == []
    cache = project / "build" / "status.json"
    known = json.loads(cache.read_text())
    known["vqvae"]["code"]["engine.training.loop"] = "remembered"
    cache.write_text(json.dumps(known))
    assert words(cantus)["stale"] == ["code changed (engine.training.loop)"]  # from the cache
    next(iter(known["vqvae"]["files"]))
    known["vqvae"]["files"] = dict.fromkeys(known["vqvae"]["files"], 1)
    cache.write_text(json.dumps(known))
    assert words(cantus)["stale"] == []


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([Event("train", 120)], "killed at step 120"),
        ([Event("stop", 50, facts={"reason": "interrupted"})], "interrupted at step 50"),
        ([Event("stop", 50, facts={"reason": "guard"})], "stopped at step 50"),
        ([Event("stop", 0, facts={"reason": "preflight"})], "failed at step 0"),
    ],
)
def test_a_run_that_left_no_model_says_how_far_it_came(project, cantus, events, state):
    begin(project, *events)
    assert state in cantus("status").out
    make_model(project)
    assert f"{state}, trained before" in cantus("status").out


def test_a_run_that_trains_at_this_moment_is_told(project, cantus):
    folder = begin(project, Event("train", 7))
    with locked(folder, "busy"):
        assert "training at step 7" in cantus("status").out


def test_the_last_event_is_found_behind_a_torn_line_and_before_long_ones(project, cantus):
    folder = begin(project, Event("train", 7, facts={"long": "x" * 200_000}))
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')
    assert "killed at step 7" in cantus("status").out


def test_a_promoted_model_that_is_gone_or_changed_is_named(project, cantus):
    folder = project / "promoted" / "words"
    (folder / "checkpoint").mkdir(parents=True)
    weights = folder / "checkpoint" / "weights.safetensors"
    weights.write_bytes(b"weights")
    decision = Promotion(
        decision="promoted",
        at="2026-11-30T04:00:00+00:00",
        recipe="words",
        run="3f9c2ab81d04",
        checkpoint="best",
        step=20,
        metric="eval/rmse_db",
        because="\x1b[31mred",
        files=dict(kept_files(folder)),
    )
    add_decision(Project(project), "words", decision)
    assert told(cantus)["promoted"][0]["wrong"] is None
    assert "\x1b" not in cantus("status").out
    weights.write_bytes(b"weighty")
    assert "weights.safetensors was changed: `dvc checkout" in told(cantus)["promoted"][0]["wrong"]
    weights.unlink()
    assert "weights.safetensors is missing" in cantus("status").out


def test_what_cannot_be_read_is_said_beside_the_rest(project, cantus):
    (project / "recipes" / "broken.toml").write_text("schema = ")
    (project / "promoted").mkdir()
    (project / "promoted" / "voice.toml").write_text("[[promotion]]\nstep = 'x'\n")
    said = cantus("status").out
    assert "cannot be read: " in said
    assert "promoted/voice.toml is damaged: restore it from git." in " ".join(said.split())
    assert "never trained: words" in said


def test_no_line_is_wider_than_a_terminal_and_torch_is_not_imported(project, cantus):
    make_model(project, run="x" * 12)
    begin(project, Event("train", 1))
    script = (
        "import sys\nfrom engine.cli import main\n"
        "try:\n    main(['status'])\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    *lines, torch = done.stdout.splitlines()
    assert torch == "False", done.stderr
    assert max(map(len, lines)) < 100
    assert os.environ is not None
