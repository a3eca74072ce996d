"""Drives the real mirror process and the real Aim: once, for the whole file."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.tracking.events import Event
from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import is_behind, read_state, run_key
from tests.run_folders import GUARD, add_events, make_run, make_wav, start

pytestmark = pytest.mark.slow


def train(step: int, loss: float | None) -> Event:
    return Event("train", step, step / 10, {"train/loss": loss})


UNIT = Unit(definition="vqvae/rmse_db 1")
MEASURED = {"evaluation_set": "ab" * 32, "scales": dict.fromkeys(["rmse_db", "kbps"], UNIT.digest)}
MEASURED |= {"units": {UNIT.digest: UNIT.plain}}
MARK = digest_of(["ab" * 32, UNIT.digest])[:8]
RMSE = f"rmse_db [{MARK}]"

FIRST = [
    start("audio_vae", machine={"memory": 2**70}, steps_before=600),
    Event("baseline", 0, metrics={"baseline/grid/rmse_db": 6.98}),
    Event("eval", 0, metrics={"untrained/rmse_db": 14.6, "untrained/kbps": 10.0}, facts=MEASURED),
    *(train(step, 1 / step) for step in range(1, 31)),
    train(31, None),
]
FIRED = GUARD | {"because": "the codebook has collapsed"}
SAMPLE = {"name": "yes/original", "kind": "audio", "path": "samples/yes.wav", "caption": "yes"}
PICTURE = SAMPLE | {"kind": "image", "path": "samples/yes.png"}
REST = [
    Event("resume", 10, 1.0),
    *(train(step, 2 / step) for step in range(11, 41)),
    Event("eval", 40, 4.0, {"eval/rmse_db": 7.5, "eval/kbps": 10.0}, facts=MEASURED),
    Event("guard", 40, 4.0, facts=FIRED),
    Event("warning", 40, 4.0, facts={"message": "one clip was quarantined"}),
    Event("sample", 40, 4.0, facts={"folder": "model", "samples": [SAMPLE, PICTURE]}),
    Event("finish", 40, 4.0, facts={"verdict": None, "expectations": [{"name": "a", "met": None}]}),
]


def follow(run: Path, repo: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "engine.tracking.mirrors.process", str(run), "--kind", "aim"]
    command += ["--states", str(repository_in(repo).states), "--place", str(repo)]
    command += ["--project", str(repo)]
    return subprocess.Popen([*command, "--follow"], stdin=subprocess.PIPE, start_new_session=True)


def wait_until_mirrored(repo: Path, run: Path) -> None:
    key = run_key(run)
    size = (run / "events.jsonl").stat().st_size
    while (state := read_state(repository_in(repo), key)) is None or state.offset < size:
        time.sleep(0.05)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """A run whose mirror was killed, resumed from an earlier step, finished and mirrored again."""
    repo = tmp_path_factory.mktemp("project")
    run = make_run(repo / "runs" / "audio_vae" / "3f9c2ab81d04", FIRST)
    mirror = follow(run, repo)
    wait_until_mirrored(repo, run)
    before = read_state(repository_in(repo), run_key(run))
    os.killpg(mirror.pid, signal.SIGKILL)
    mirror.wait()
    add_events(run, REST)
    wav = make_wav(repo / "models" / "audio_vae" / "samples" / "yes.wav")
    matplotlib.image.imsave(repo / "models/audio_vae/samples/yes.png", np.zeros((4, 4)))
    mirror = follow(run, repo)
    mirror.stdin.close()
    assert mirror.wait(120) == 0
    from aim import Run

    after = read_state(repository_in(repo), run_key(run))
    assert after.run_hash == before.run_hash
    # Not read-only: Aim shows a reader only what `aim up` has indexed.
    held = Run(after.run_hash, repo=str(repo), system_tracking_interval=None)
    yield held, wav, repo, run
    held.close()


def last(sequences, name: str, subset: str):
    """The last object of a sequence."""
    from aim.storage.context import Context

    return sequences(name, Context({"subset": subset})).values.last()[1]


def values(run, name: str, subset: str) -> dict[int, float]:
    from aim.storage.context import Context

    metric = run.get_metric(name, Context({"subset": subset}))
    steps, (found, _, _) = metric.data.numpy()
    return dict(zip(steps.tolist(), found.tolist(), strict=True))


def test_a_killed_mirror_continues_its_run_and_the_resumed_steps_count(mirrored):
    run, *_ = mirrored
    expected = {step: 1 / step for step in range(1, 11)} | {s: 2 / s for s in range(11, 41)}
    assert values(run, "loss", "train") == pytest.approx(expected)


def test_the_evaluation_begins_with_the_weights_before_step_1(mirrored):
    run, *_ = mirrored
    assert values(run, RMSE, "eval") == {0: 14.6, 40: 7.5}


def test_steps_can_be_seen_after_those_of_the_phases_before(mirrored):
    run, *_ = mirrored
    assert values(run, "total_steps", "eval") == {0: 600.0, 40: 640.0}
    assert values(run, "total_steps", "train")[30] == 630.0


def test_what_never_moves_is_a_parameter_and_no_curve(mirrored):
    run, *_ = mirrored
    assert run["constants"] == {"eval/kbps": 10.0}
    assert run["baselines"] == {"grid/rmse_db": 6.98}
    assert {name for name, *_ in run.iter_metrics_info()} == {"loss", RMSE, "total_steps"}
    assert run["units"] == {MARK: "vqvae/rmse_db 1"}


def test_the_run_says_which_recipe_it_is_and_how_it_ended(mirrored):
    run, *_ = mirrored
    assert (run.name, run.experiment, run.tags) == ("audio_vae 3f9c2a", "vqvae", ["audio_vae"])
    assert run["hparams"]["training"]["best"] == "eval/rmse_db"
    assert run["identity"] == "3f9c2ab81d04"
    assert run["facts"]["machine"]["memory"] == str(2**70)
    assert run["state"]["kind"] == "finish"


def test_a_sample_of_the_finished_model_can_be_played(mirrored):
    run, wav, *_ = mirrored
    audio = last(run.get_audio_sequence, "yes/original", "sample")
    assert (audio.json()["format"], audio.json()["caption"]) == ("wav", "yes")
    assert audio.get().read() == wav


def test_its_picture_has_the_same_name_in_a_subset_of_its_own(mirrored):
    run, *_ = mirrored
    assert last(run.get_image_sequence, "yes/original", "picture").caption == "yes"


def test_guards_and_warnings_are_texts(mirrored):
    run, *_ = mirrored
    assert last(run.get_text_sequence, "guard", "eval/perplexity").data == (
        "warn: eval/perplexity was 1.5, but it must be above 2, because the codebook has collapsed"
    )
    warned = last(run.get_text_sequence, "warning", "one clip was quarantined")
    assert warned.data == "one clip was quarantined"


def test_the_copy_of_a_run_beside_its_model_is_the_same_run(mirrored):
    *_, repo, run = mirrored
    model = repo / "models" / "audio_vae"
    assert is_behind(repository_in(repo), make_run(model, [start("audio_vae", time=200.0)]))
    (model / "events.jsonl").write_bytes((run / "events.jsonl").read_bytes())
    assert not is_behind(repository_in(repo), model)
