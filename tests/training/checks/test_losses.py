"""Signs of loss terms and of their weights, and the fall of terms on a repeated batch."""

from engine.training.checks.losses import fall_check, sign_check
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
