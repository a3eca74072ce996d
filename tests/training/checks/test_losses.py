"""Signs of loss terms and of their weights, and the fall of terms on a repeated batch."""

from torch import nn

from engine.training.checks.losses import dropped_check, fall_check, modes_check, sign_check
from engine.training.system import Turn

TURN = Turn("generator", {}, {"mel": 5.0, "adversarial": 1.0})


def test_terms_that_are_no_distance_may_be_negative():
    losses = {"generator/mel": 4.0, "generator/adversarial": -0.3, "generator/loss": -1.0}
    assert sign_check([TURN], losses, ["generator/adversarial"]).ok


def test_a_distance_below_zero_has_the_wrong_sign():
    check = sign_check([TURN], {"generator/mel": -4.0}, ["generator/adversarial"])
    assert check.stops
    assert check.detail.startswith("generator/mel is -4, but a cross-entropy")


def test_a_negative_weight_is_named_with_its_turn():
    turn = Turn("generator", {}, {"mel": -5.0, "kl": 1.0})
    assert "generator/mel (-5) is negative" in sign_check([turn], {}, []).detail


def test_a_term_that_rises_on_one_batch_is_asked_for_its_sign():
    assert fall_check("mel", 2.0, 1.999, 6).ok
    rising = fall_check("mel", 2.0, 2.1, 6)
    assert rising.stops
    assert "Is its sign wrong" in rising.detail
    assert "changed too little" in fall_check("mel", 2.0, 2.0, 6).detail


def test_a_term_that_is_exactly_zero_is_a_warning():
    check = dropped_check([TURN], {"generator/mel": 0.0, "generator/adversarial": 1.0})
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith("generator/mel is exactly zero")
    single = Turn("lm", {}, {"audio_ce": 1.0, "text_ce": 0.0})
    assert dropped_check([single], {"audio_ce": 4.0, "text_ce": 0.0}).ok


def test_losses_that_evaluation_mode_leaves_as_they_are_are_a_warning_where_there_is_dropout():
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1))
    assert modes_check(module, {"mel": 1.0}, {"mel": 0.9}).ok
    check = modes_check(module, {"mel": 1.0}, {"mel": 1.0})
    assert (check.ok, check.action) == (False, "warn")
    assert modes_check(nn.Linear(2, 2), {"mel": 1.0}, {"mel": 1.0}).ok
    assert modes_check(nn.Sequential(nn.Dropout(0.0)), {"mel": 1.0}, {"mel": 1.0}).ok
