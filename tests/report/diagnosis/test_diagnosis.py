"""Which planted faults a run resembles, by small libraries of recorded runs."""

import pytest

from engine.report.diagnosis.diagnosis import diagnosed
from engine.report.diagnosis.likeness import Library
from engine.report.diagnosis.signatures import HEALTHY, Signature, recorded, write_signatures


def runs(part, number, **seen):
    return [
        Signature(part, "kind", f"{part} is broken", "vqvae", dict(seen)) for i in range(number)
    ]


LIBRARY = Library(
    [
        *runs(HEALTHY, 15, gradient="steady", loss="falls", check="none"),
        *runs("the gradient", 14, gradient="zero", loss="stays", check="none"),
        *runs("the gradient", 1, gradient="steady", loss="stays", check="none"),
        *runs("the data", 15, gradient="steady", loss="rises", check="input"),
    ]
)


def test_the_family_with_such_figures_is_named_with_the_number_of_runs_that_are_alike():
    found = diagnosed({"gradient": "zero", "loss": "stays", "check": "none"}, LIBRARY)
    assert next(one.part for one in found.likeliest) == "the gradient"
    assert "runs in which the gradient is broken (gradient: zero" in found.sentence()
    assert "as in 14 of 15 such runs" in found.sentence()
    assert "0 of 30 others" in found.sentence()


def test_a_part_with_few_recorded_runs_is_not_named():
    few = Library(
        [*runs(HEALTHY, 15, gradient="steady"), *runs("the gradient", 4, gradient="zero")]
    )
    assert diagnosed({"gradient": "zero"}, few).likeliest == []


def test_a_healthy_run_is_called_healthy():
    found = diagnosed({"gradient": "steady", "loss": "falls", "check": "none"}, LIBRARY)
    assert found.is_healthy
    assert found.likeliest == []
    assert found.sentence() == ""


@pytest.mark.parametrize("seen", [{}, {"unknown": "question"}])
def test_a_run_that_says_nothing_gets_no_diagnosis(seen):
    found = diagnosed(seen, LIBRARY)
    assert not found.is_healthy
    assert "no diagnosis" in found.sentence()


def test_figures_that_fit_two_faults_alike_name_both_and_no_diagnosis():
    library = Library(
        [
            *runs(HEALTHY, 15, gradient="steady"),
            *runs("the gradient", 15, gradient="zero"),
            *runs("the optimizer", 15, gradient="zero"),
        ]
    )
    found = diagnosed({"gradient": "zero"}, library)
    assert (found.likeliest, found.is_healthy) == ([], False)
    assert found.sentence().startswith("The figures fit several recorded faults: no diagnosis. ")
    assert found.sentence().count("is broken (4") == 2


def test_figures_that_no_recorded_run_has_get_no_diagnosis():
    seen = {"gradient": "grows", "loss": "exactly the same", "check": "order of tokens"}
    assert "no diagnosis" in diagnosed(seen, LIBRARY).sentence()


def test_signatures_are_read_as_they_were_written(tmp_path, monkeypatch):
    many = [run for number in range(60) for run in runs("c", 1, x=f"answer {number}")]
    written = [*runs("a", 2, x="1", y="2"), *runs("b", 1, y="3"), *many]
    write_signatures(written, tmp_path / "signatures.json")
    monkeypatch.setattr("engine.report.diagnosis.signatures._FILE", tmp_path / "signatures.json")
    recorded.cache_clear()
    assert recorded() == written
    recorded.cache_clear()
