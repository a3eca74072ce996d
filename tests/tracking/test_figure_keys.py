from engine.tracking.figure_keys import Placed, figure_keys
from engine.tracking.shown_metrics import Measured


def placed(clips="set", place="xtts/voice.json", loss="unit", **figures):
    found = figures or {"ce": 1.0, "loss": 2.0}
    measured = Measured(found, 10, clips, dict.fromkeys(found, "unit") | {"loss": loss})
    return Placed(place, measured)


def test_what_may_be_compared_has_the_plain_names():
    found = {"a": placed(), "b": placed(), "c": placed(place="rvc/voice.json", clips="other")}
    plain = {"ce": "ce", "loss": "loss"}
    assert figure_keys(found) == {"a": plain, "b": plain, "c": plain}


def test_other_clips_stand_in_the_name_of_each_figure():
    keys = figure_keys({"a": placed(), "b": placed("other"), "c": placed(), "d": placed("other")})
    assert keys["a"] == keys["c"] == {"ce": "ce", "loss": "loss"}
    apart = {"ce": "ce (clips of b)", "loss": "loss (clips of b)"}
    assert keys["b"] == keys["d"] == apart


def test_another_unit_stands_in_the_name_of_its_figure_alone():
    keys = figure_keys({"a": placed(), "b": placed(loss="other"), "c": placed()})
    assert keys["b"] == {"ce": "ce", "loss": "loss (unit of b)"}
    assert keys["a"] == keys["c"] == {"ce": "ce", "loss": "loss"}


def test_those_of_the_same_clips_and_another_unit_differ_wherever_most_are():
    usual = dict.fromkeys("cde", placed())
    found = {"a": placed("other"), "b": placed("other", loss="x")} | usual
    keys = figure_keys(found)
    assert keys["a"] == {"ce": "ce (clips of a)", "loss": "loss (clips of a)"}
    assert keys["b"] == {"ce": "ce (clips of a)", "loss": "loss (clips of b)"}


def test_a_set_that_is_not_known_is_nobody_elses():
    keys = figure_keys({"a": placed(None), "b": placed(None)})
    assert keys["a"]["ce"] == "ce"
    assert keys["b"]["ce"] == "ce (clips of b)"


def test_a_unit_that_is_not_known_is_nobody_elses():
    keys = figure_keys({"a": placed(loss=None), "b": placed(loss=None), "c": placed()})
    assert {keys[ref]["loss"] for ref in "abc"} == {"loss", "loss (unit of b)", "loss (unit of c)"}


def test_most_recipes_have_the_plain_name():
    keys = figure_keys({"a": placed("x"), "b": placed(), "c": placed()})
    assert keys["a"]["ce"] == "ce (clips of a)"
    assert keys["b"]["ce"] == keys["c"]["ce"] == "ce"


def test_a_dozen_figures_are_shown_those_of_most_recipes_first():
    shared = {f"s{number}": 1.0 for number in range(9)}
    alone = {f"own{number}": 2.0 for number in range(9)}
    keys = figure_keys({"a": placed(**alone, **shared), "b": placed(**shared)})
    assert list(keys["b"]) == list(shared)
    assert list(keys["a"]) == ["own0", "own1", "own2", *shared]
