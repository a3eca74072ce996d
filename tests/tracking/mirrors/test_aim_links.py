import base64
import json
from urllib.parse import parse_qs, unquote, urlsplit

from engine.tracking.mirrors.aim_links import audio_link, curves_link
from engine.tracking.mirrors.state import MirrorState

HERE = "http://127.0.0.1:43800/key"
RUNS = [
    MirrorState("a1", "phase1", "mel_ce", 1.0),
    MirrorState("b2", "phase2", "rmse_db", 2.0, parent="phase1"),
]


def decode(link: str, name: str) -> dict:
    word = parse_qs(urlsplit(link).query)[name][0]
    assert word.startswith("O-")
    padded = word[2:] + "=" * (-len(word[2:]) % 4)
    return json.loads(unquote(base64.urlsafe_b64decode(padded).decode()))


def test_the_curves_are_of_the_runs_in_training_and_in_evaluation():
    link = curves_link(HERE, RUNS)
    assert link.startswith(f"{HERE}/metrics?")
    assert decode(link, "select") == {
        "advancedMode": True,
        "advancedQuery": "run.hash in ['a1', 'b2'] and (metric.name in "
        """['loss', 'mel_ce', 'rmse_db'] or metric.name.startswith('loss [') or """
        "metric.name.startswith('mel_ce [') or metric.name.startswith('rmse_db [')) "
        "and metric.context.subset in ['train', 'eval']",
    }


def test_runs_differ_in_colour_training_from_evaluation_in_stroke_and_metrics_in_chart():
    grouping = decode(curves_link(HERE, RUNS), "grouping")
    told = {name: grouping[name] for name in ("color", "stroke", "chart")}
    assert told == {"color": ["run.props.name"], "stroke": ["context.subset"], "chart": ["name"]}


def test_phases_stand_one_after_the_other_on_the_axis():
    chart = decode(curves_link(HERE, RUNS), "chart")
    assert chart == {"alignmentConfig": {"metric": "total_steps", "type": "custom"}}


def test_sounds_have_a_row_for_each_sample_and_a_column_for_each_run():
    link = audio_link(HERE, RUNS)
    assert link.startswith(f"{HERE}/audios?")
    assert decode(link, "query")["form"]["advancedInput"] == "run.hash in ['a1', 'b2']"
    grouping = decode(link, "groupings")
    assert grouping["columns"]["fields"] == ["run.name"]
    assert grouping["rows"]["fields"] == ["audios.name"]
