import json

import pytest

from engine.project import Project
from engine.report.history import History
from engine.report.remark import remark_on_verdict
from engine.tracking.events import Event
from tests.run_folders import start, units


@pytest.fixture
def remark(tmp_path):
    """The remark on a run that keeps `keep` and whose figures are of the set 'ab'."""

    def remark(keep):
        verdict = {"metric": "eval/m", "value": 1.0, "keep": keep, "say": "worse"}
        events = (
            start("ours"),
            Event("eval", 5, metrics={"eval/m": 1.0}, facts={"evaluation_set": "ab"}),
            Event("finish", 5, facts={"verdict": verdict if keep else None}),
        )
        return remark_on_verdict(History(events), Project(tmp_path))

    (tmp_path / "metrics").mkdir()
    return remark


def put(tmp_path, **metrics):
    (tmp_path / "metrics/grid.json").write_text(json.dumps(metrics))


def test_it_is_true_of_the_present_figures_of_the_recipe_to_keep(tmp_path, remark):
    assert remark("grid") is None  # no recipe: a baseline
    for metrics in ({"evaluation_set": "cd"}, {}):
        put(tmp_path, **metrics)
        assert remark("grid").startswith("The present figures of grid are not of these evaluation")
    put(tmp_path, evaluation_set="ab")
    assert remark("grid") is None
    put(tmp_path, evaluation_set="ab", eval={"m": 1.0}, **units("m", resampler="soxr 1.1.0"))
    assert "were not measured like these (nothing says how ours measured it" in remark("grid")


def test_a_run_that_keeps_itself_or_concludes_nothing_has_none(tmp_path, remark):
    (tmp_path / "metrics/ours.json").write_text("{}")
    assert remark("ours") is None
    assert remark(None) is None


@pytest.mark.parametrize(
    ("steps", "said"), [(9, "ours against grid, over seeds: better."), (8, None)]
)
def test_seeds_of_the_same_recipe_speak_beside_the_verdict(tmp_path, remark, steps, said):
    for folder, covered in ((tmp_path / "models/ours", 9), (tmp_path / "seeds/ours", steps)):
        folder.mkdir(parents=True)
        covers = {"settings": {"name": folder.name, "training": {"steps": covered}}, "seed": steps}
        file = "run.json" if folder.parent.name == "models" else "spread.json"
        against = ["ours against grid, over seeds: better."]
        (folder / file).write_text(json.dumps({"covers": covers, "against": against}))
    assert remark("ours") == said
