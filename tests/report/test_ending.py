import fcntl
import json

import pytest

from engine.report.ending import ending_in_words, verdict_in_words
from engine.report.history import History
from engine.tracking.events import Event
from tests.run_folders import make_run, start

GUARD = {
    "name": "train/discriminator/loss_over_chance",
    "metric": "train/discriminator/loss_over_chance",
    "value": 0.99871,
    "condition": "it must be below 0.95",
    "action": "stop",
    "because": "stuck at chance",
}
VERDICT = {
    "metric": "eval/rmse_ratio_to_uniform_grid",
    "value": 0.8,
    "keep": "audio_vae",
    "say": "better",
}


def told(tmp_path, *events: Event) -> str:
    return ending_in_words(make_run(tmp_path, [start("audio_vae"), *events]))


def test_a_finished_run_says_how_long_it_took_and_the_verdict(tmp_path):
    facts = {
        "verdict": VERDICT,
        "seconds": 130.0,
        "expectations": [
            {"name": "snr", "met": False, "detail": ""},
            {"name": "codes", "met": None, "detail": ""},
        ],
    }
    assert told(tmp_path, Event("finish", 3910, 5.0, facts=facts)) == (
        "audio_vae finished after 3,910 steps (5 epochs) in 2 min 10 s. Verdict on these "
        "weights: better (eval/rmse_ratio_to_uniform_grid is 0.8); keep audio_vae. "
        "Expectations missed: snr."
    )


def test_what_became_of_the_parent_and_of_other_clips_is_said_with_the_verdict(tmp_path):
    facts = {"verdict": VERDICT, "gain": "No evaluation beat the parent, base."}
    folder = make_run(tmp_path, [start("audio_vae"), Event("finish", 10, 1.0, facts=facts)])
    assert ending_in_words(folder, "The figures of audio_vae are of another set.").endswith(
        "No evaluation beat the parent, base. Verdict on these weights: better "
        "(eval/rmse_ratio_to_uniform_grid is 0.8); keep audio_vae. "
        "The figures of audio_vae are of another set."
    )


def test_a_recipe_without_a_verdict_says_so():
    history = History((Event("finish", 1, facts={"verdict": None}),))
    assert verdict_in_words(history) == "The recipe holds no verdict."


def test_a_guard_is_told_with_its_figures_and_its_reason(tmp_path):
    stop = Event("stop", 120, facts={"reason": "guard", "message": "..."})
    warned = Event("guard", 130, facts=GUARD | {"name": "other", "action": "warn"})
    assert told(tmp_path, Event("guard", 120, facts=GUARD), warned, stop) == (
        "audio_vae was stopped by a guard at step 120: "
        "train/discriminator/loss_over_chance "
        'was 0.9987, but it must be below 0.95, because "stuck at chance".'
    )


def test_a_guard_whose_figure_was_no_number_is_told_without_one(tmp_path):
    nan = GUARD | {"value": None, "condition": "it must be a finite number", "because": ""}
    stop = Event("stop", 120, facts={"reason": "guard", "message": "..."})
    text = told(tmp_path, Event("guard", 120, facts=nan), stop)
    assert text.endswith("was not finite, but it must be a finite number.")


def test_a_failed_preflight_names_what_failed(tmp_path):
    checks = [
        {"name": "inputs", "ok": True, "detail": "finite"},
        {"name": "gradients", "ok": False, "detail": "encoder.0.weight gets none"},
    ]
    stop = Event("stop", 0, facts={"reason": "preflight", "message": "..."})
    text = told(tmp_path, Event("preflight", 0, facts={"checks": checks}), stop)
    assert text == (
        "audio_vae did not pass preflight, so nothing was trained. "
        "gradients: encoder.0.weight gets none"
    )


def test_an_interrupted_run_says_how_to_go_on(tmp_path):
    text = told(tmp_path, Event("stop", 1400, facts={"reason": "interrupted", "message": ""}))
    assert "interrupted at step 1,400" in text
    assert "`dvc repro audio_vae` continues from there." in text


def test_a_run_interrupted_before_its_first_step_claims_no_saved_state(tmp_path):
    text = told(tmp_path, Event("stop", 0, facts={"reason": "interrupted", "message": ""}))
    assert text == (
        "audio_vae was interrupted before its first step. `dvc repro audio_vae` starts it again."
    )


def test_an_error_is_told_in_its_own_words(tmp_path):
    text = told(tmp_path, Event("stop", 7, facts={"reason": "error", "message": "disk full"}))
    assert text == "audio_vae failed at step 7: disk full"


def test_a_killed_run_names_the_checkpoint_it_continues_from(tmp_path):
    for step in (90, 1000):
        (tmp_path / "checkpoints" / f"step_{step}").mkdir(parents=True)
        state = tmp_path / "checkpoints" / f"step_{step}" / "state.json"
        state.write_text(f'{{"step": {step}}}')
    text = told(tmp_path, Event("train", 1234, metrics={"train/loss": 1.0}))
    assert "killed after step 1,234" in text
    assert "`dvc repro audio_vae` continues from its checkpoint at step 1,000." in text


def test_a_killed_run_without_a_checkpoint_starts_afresh(tmp_path):
    assert "It left no checkpoint: `dvc repro audio_vae` starts at step 0." in told(tmp_path)


@pytest.mark.parametrize("held", [True, False])
def test_a_run_whose_lock_is_held_is_training_and_not_killed(tmp_path, held):
    with (tmp_path / ".lock").open("w") as lock:
        if held:
            fcntl.flock(lock, fcntl.LOCK_EX)
        text = told(tmp_path, Event("train", 50))
    assert ("is training now" in text) is held
    assert ("killed" in text) is not held


@pytest.mark.parametrize("ends", [True, False])
def test_a_run_of_other_values_goes_on_by_its_own_command(tmp_path, ends):
    command = "cantus train audio_vae -S training.steps=7"
    stop = Event("stop", 4, facts={"reason": "interrupted", "message": ""})
    begun = start("audio_vae+3f9c2a", of="audio_vae", command=command)
    text = ending_in_words(make_run(tmp_path, [begun, *([stop] if ends else [])]))
    assert f"`{command}` {'continues from there' if ends else 'starts at step 0'}." in text
    assert "dvc repro" not in text


def test_a_run_that_is_part_of_another_command_goes_on_by_that_command(tmp_path):
    stop = Event("stop", 4, facts={"reason": "interrupted", "message": ""})
    begun = start("audio_vae_seed4", of="audio_vae", command="cantus train audio_vae --seed 4")
    run = make_run(tmp_path, [begun, stop])
    about = json.loads((run / "run.json").read_text())
    part = {"part_of": "cantus seeds audio_vae --n 4"}
    (run / "run.json").write_text(json.dumps(about | part))
    assert "`cantus seeds audio_vae --n 4` continues from there." in ending_in_words(run)


def test_the_time_of_a_resumed_run_is_said_to_be_that_since_it_was_resumed(tmp_path):
    facts = {"verdict": VERDICT, "seconds": 12.0, "expectations": []}
    text = told(tmp_path, Event("resume", 400), Event("finish", 500, 5.0, facts=facts))
    assert "(5 epochs) in 12 s since it was resumed at step 400." in text
