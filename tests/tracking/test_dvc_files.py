import json
import math

import pytest

from engine.tracking.dvc_files import write_curves, write_metrics
from engine.tracking.events import Event

EVENTS = [
    Event("start", 0),
    Event("eval", 0, metrics={"untrained/rmse_db": 25.0}),
    Event("train", 20, metrics={"train/loss": 0.5, "train/perplexity": None}),
    Event("train", 10, metrics={"train/loss": 1.0, "train/learning_rate/generator": 1e-3}),
    Event("eval", 20, metrics={"eval/rmse_db": 7.5}),
]


def test_names_become_nested_tables_in_sorted_order(tmp_path):
    path = tmp_path / "metrics" / "audio_vae.json"
    write_metrics(path, {"eval/rmse_db": 7.5, "baseline/grid/rmse_db": 6.98, "eval/order": 0.25})
    assert json.loads(path.read_text()) == {
        "baseline": {"grid": {"rmse_db": 6.98}},
        "eval": {"order": 0.25, "rmse_db": 7.5},
    }
    assert path.read_text().index("order") < path.read_text().index('"rmse_db": 7.5')


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_finite_number_is_null(tmp_path, value):
    write_metrics(tmp_path / "m.json", {"eval/loss": value, "evaluation_set": "ab12"})
    text = (tmp_path / "m.json").read_text()
    assert json.loads(text) == {"eval": {"loss": None}, "evaluation_set": "ab12"}


def test_the_same_metrics_are_the_same_bytes_whatever_their_order(tmp_path):
    write_metrics(tmp_path / "a.json", {"eval/a": 1.0, "eval/b": 0.1 + 0.2})
    write_metrics(tmp_path / "b.json", {"eval/b": 0.1 + 0.2, "eval/a": 1.0})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text())["eval"]["b"] == 0.1 + 0.2


def test_a_metric_that_is_also_a_group_is_a_defect(tmp_path):
    with pytest.raises(AssertionError, match="both a metric and a group"):
        write_metrics(tmp_path / "m.json", {"eval/loss": 1.0, "eval/loss/mel": 0.5})
    assert not (tmp_path / "m.json").exists()


def test_an_old_file_linked_elsewhere_stays_as_it_was(tmp_path):
    path, link = tmp_path / "m.json", tmp_path / "cache"
    write_metrics(path, {"a": 1.0})
    link.hardlink_to(path)
    write_metrics(path, {"a": 2.0})
    assert json.loads(link.read_text()) == {"a": 1.0}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cache", "m.json"]


def test_curves_have_a_row_for_each_step_and_a_column_for_each_metric(tmp_path):
    write_curves(tmp_path, EVENTS)
    assert (tmp_path / "train.csv").read_text().splitlines() == [
        "step,loss,learning_rate/generator,perplexity",
        "10,1.0,0.001,",
        "20,0.5,,",
    ]


def test_the_curve_of_an_evaluation_begins_with_the_untrained_figure(tmp_path):
    write_curves(tmp_path, EVENTS)
    assert (tmp_path / "eval.csv").read_text().splitlines() == ["step,rmse_db", "0,25.0", "20,7.5"]


def test_numbered_figures_of_the_result_get_a_file_for_each_group(tmp_path):
    final = {"eval/quantizers_2/mel": 1.0, "eval/quantizers_1/mel": 2.0, "eval/mel": 1.0}
    write_curves(tmp_path, EVENTS, final)
    lines = (tmp_path / "quantizers.csv").read_text().splitlines()
    assert lines == ["quantizers,mel", "1,2.0", "2,1.0"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_later_figure_of_a_step_replaces_an_earlier_one(tmp_path):
    again = Event("train", 20, metrics={"train/loss": 0.25})
    write_curves(tmp_path, [*EVENTS, again])
    assert (tmp_path / "train.csv").read_text().splitlines()[-1].startswith("20,0.25,")


def test_without_events_the_columns_that_dvc_draws_are_there(tmp_path):
    write_curves(tmp_path, [])
    assert (tmp_path / "train.csv").read_text() == "step,loss\n"
    assert (tmp_path / "eval.csv").read_text() == "step\n"


@pytest.mark.parametrize("names", [("eval/mel", "eval/mel/low"), ("eval/mel/low", "eval/mel")])
def test_a_metric_that_is_a_group_of_others_too_is_a_programmers_mistake(tmp_path, names):
    with pytest.raises(AssertionError, match="both a metric and a group"):
        write_metrics(tmp_path / "m.json", dict.fromkeys(names, 1.0))
