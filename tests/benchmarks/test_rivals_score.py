"""When a trainer noticed a fault, and whether it named the cause."""

from benchmarks.mutants.rivals.score import said_of_healthy, score


def row(*notices, operator="nan_batch"):
    return {"trainer": "plain", "system": "codec", "operator": operator, "notices": notices}


def notice(text, step=0, seconds=1.0, kind="warning"):
    return {"text": text, "step": step, "seconds": seconds, "kind": kind}


def test_what_a_trainer_says_of_healthy_runs_too_is_no_notice():
    anyway = said_of_healthy([row(notice("2 workers are few"), operator="healthy")])
    found = score(row(notice("8 workers are few")), anyway["plain", "codec"], ["workers"], 80)
    assert (found.when, found.is_right) == ("nothing", False)


def test_the_first_notice_says_when_and_any_says_the_cause():
    notices = notice("odd", step=12, seconds=9.0), notice("the loss is NaN", step=13, seconds=70.0)
    found = score(row(*notices), frozenset(), [r"\bnan\b"], 80)
    assert (found.when, found.said, found.is_right) == ("within 60 s", "odd", True)


def test_an_error_at_step_0_is_before_step_1():
    assert score(row(notice("KeyError", kind="error")), frozenset(), [], 80).when == "before step 1"
    assert score(row(notice("late", 90, 61.0)), frozenset(), [], 200).when == "by the end"
    assert score(row(notice("stopped", 80, 9.0)), frozenset(), [], 80).when == "by the end"
