"""Observations of a run's figures."""

from engine.report.diagnosis.figures import Figures
from engine.report.diagnosis.observations import change, kind_of_check, observe
from engine.report.history import History
from engine.tracking.events import Event
from tests.run_folders import GUARD, make_run, start


def trained(step, loss, norm=1.0, **more):
    metrics = {"train/loss": loss, "train/gradient_norm/autoencoder": norm}
    return Event("train", step, metrics=metrics | more)


def evaluated(step, value, name="eval/rmse_db"):
    return Event("eval", step, metrics={name: value})


def preflight(*checks):
    facts = {"checks": [{"name": name, "ok": ok, "detail": said} for name, ok, said in checks]}
    return Event("preflight", 0, facts=facts)


PASSED = preflight(("gradients", True, "finite"))


def seen(*events):
    events = events if any(event.kind == "preflight" for event in events) else (PASSED, *events)
    return observe(Figures(History((start("words"), *events)), "eval/rmse_db", lowest=True))


def test_a_run_that_learns():
    falling = [trained(step, 1.0 / step) for step in (1, 2, 4, 8)]
    result = [evaluated(step, 10.0 - step) for step in (1, 2, 4, 8)]
    found = seen(evaluated(0, 10.0, "untrained/rmse_db"), *falling, *result)
    assert found["training loss"] == "falls"
    assert found["evaluation"] == "far better"
    assert found["best evaluation"] == "the last"
    assert found["training and evaluation"] == "the same way"
    assert found["first finding"] == "never"


def test_a_run_that_learns_nothing_has_exactly_the_same_evaluations():
    found = seen(evaluated(0, 10.0, "untrained/rmse_db"), evaluated(5, 10.0), evaluated(9, 10.0))
    assert found["evaluation"] == "exactly the same"


def test_the_better_side_is_that_of_the_metric():
    events = (
        start("words"),
        evaluated(0, 1.0, "untrained/snr_db"),
        evaluated(5, 4.0, "eval/snr_db"),
    )
    figures = Figures(History(events), "eval/snr_db", lowest=False)
    assert observe(figures)["evaluation"] == "far better"


def test_memorizing_is_seen_where_training_and_evaluation_part():
    falling = [trained(step, 1.0 / step) for step in (1, 2, 4)]
    found = seen(*falling, evaluated(2, 3.0), evaluated(4, 4.0))
    assert found["training and evaluation"] == "training falls, evaluation rises"


def test_a_gradient_that_is_not_a_number_and_one_that_is_zero():
    assert seen(trained(1, 1.0, None), trained(2, 1.0))["finite gradients"] == "not always"
    assert seen(trained(1, 1.0, 0.0), trained(2, 1.0, 0.0))["gradient"] == "zero"


def test_what_a_run_does_not_say_is_no_observation():
    found = seen()
    assert "training loss" not in found
    assert "discriminator" not in found
    assert "ending" not in found


def test_the_first_guard_and_its_moment():
    found = seen(Event("guard", 20, facts=GUARD), Event("guard", 40, facts=GUARD | {"name": "b"}))
    assert found["guard"] == "perplexity"
    assert found["first finding"] == "while training"


def test_a_failed_check_is_named_without_its_entry():
    found = seen(preflight(("input mel_db", False, "it is empty (shape 0x3)")))
    assert found["failed check"] == "input: empty"
    assert found["failed checks"] == "one"
    assert found["first finding"] == "before step 1"
    assert kind_of_check("generator/mel can be learned") == "loss of one batch"
    assert kind_of_check("mel_db computed again") == kind_of_check("codes computed again")
    assert kind_of_check("input of discriminator") != kind_of_check("input voice")
    assert kind_of_check("rounding of updates of gpt") == "rounding of updates"
    assert kind_of_check("sound of transcripts") == "sound of transcripts"
    assert kind_of_check("learning rate of gpt") == "learning rate"
    assert kind_of_check("optimizer of gpt") == kind_of_check("optimizer of generator")
    assert kind_of_check("clips of dataset.num_seen_clips") == "evaluation set"
    assert kind_of_check("clips of a batch") == "clips of a batch"
    assert kind_of_check("dynamics of clips") == "dynamics of clips"


def test_how_many_tensors_get_no_gradient():
    said = "none in 6 steps for a, b, c and 20 more"
    assert seen(preflight(("gradients", False, said)))["tensors without a gradient"] == "many"
    one = seen(preflight(("gradients", False, "none in 6 steps for a")))
    assert one["tensors without a gradient"] == "one or two"


def test_where_a_curve_went():
    assert change([1.0]) is None
    assert change([1.0, 2.0]) == "rises"
    assert change([1.0, 1.01]) == "stays"
    assert change([1.0, 0.9]) == "falls a little"
    assert change([1.0, 0.1]) == "falls"
    assert change([3.0, 3.0, 3.0]) == "exactly the same"
    assert change([-20.0, -5.0]) == "rises"


def test_a_folder_says_by_itself_which_metric_chooses_the_best(tmp_path):
    folder = make_run(tmp_path / "run", [start("words"), evaluated(5, 4.0)])
    figures = Figures.of(folder)
    assert figures.best == "eval/rmse_db"
    assert figures.lowest
