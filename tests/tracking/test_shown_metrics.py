import json
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.recipe import load_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.shown_metrics import Measured, parse_shown, read_shown, select, write_shown

ROOT = Path(__file__).parents[2]
FIGURES = (
    "mel_ce", "text_ce", "text_ce_weighted", "loss", "mel_accuracy", "stop_ce",
    "mel_ce_increase_wrong_voice", "mel_ce_increase_wrong_text", "speech/wer", "speech/cer",
    "speech/similarity", "speech/odd", "speech/unfinished", "speech/seconds",
)  # fmt: skip
METRICS = {
    **{f"{group}/{name}": 1.5 for group in ("untrained", "eval") for name in FIGURES},
    "eval/clips": 50.0,
    "eval/codebook_1/usage": 0.5,
    "listening/overall": 7.5,
    "baseline/bigram/mel_ce": 2.4,
    "scale/speech/wer": "a whisper",
    "evaluation_set": "59a6e643",
    "step": 600,
}


@pytest.fixture(scope="module")
def xtts():
    return load_recipe(ROOT / "recipes/demo/xtts_phase2.toml", classes=recipe_classes())


def test_figures_that_matter_are_picked_those_that_the_recipe_names_first(xtts):
    measured = select(METRICS, xtts)
    assert len(measured.figures) == 15
    first = [*measured.figures][:5]
    assert first[0] == "mel_ce"
    assert "text_ce" in first
    assert "listening.overall" in [*measured.figures][:6]
    assert "speech.wer" in measured.figures
    assert not {"clips", "codebook_1.usage"} & measured.figures.keys()
    assert measured.units == {"speech.wer": "a whisper"}
    assert (measured.step, measured.evaluation_set) == (600, "59a6e643")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), True, "x"])
def test_what_is_no_finite_number_is_left_out(xtts, value):
    assert "mel_ce" not in select({**METRICS, "eval/mel_ce": value}, xtts).figures


def test_a_row_of_dvcs_table_has_its_place_in_120_columns(xtts, tmp_path):
    path = tmp_path / "metrics" / "xtts_phase2.json"
    write_shown(path, select(METRICS, xtts))
    row = json.loads(path.read_text())
    del row["measured"]  # DVC passes over lists
    cells = [max(len(name), len(str(value)[:8])) for name, value in row.items()]
    assert len("metrics/xtts_phase2.json") + sum(4 + width for width in cells) < 120
    assert next(iter(row)) == "mel_ce"
    assert [*row][-1] == "step"
    assert len(row) > 4


def test_rows_of_other_clips_or_units_have_another_scale(tmp_path):
    scales = []
    for clips, unit in (("a", "u"), ("a", "u"), ("b", "u"), ("a", "v"), (None, "u")):
        write_shown(tmp_path / "m.json", Measured({"loss": 1.0}, 5, clips, {"loss": unit}))
        scales.append(json.loads((tmp_path / "m.json").read_text())["scale"])
    assert scales[0] == scales[1]
    assert len({*scales}) == 4
    assert scales[-1] == "unknown"


def test_what_was_written_is_read_again(xtts, tmp_path):
    measured = select(METRICS, xtts)
    write_shown(tmp_path / "m.json", measured)
    assert read_shown(tmp_path / "m.json") == measured
    write_shown(tmp_path / "n.json", Measured({}))
    assert read_shown(tmp_path / "n.json") == Measured({})


def test_what_an_older_cantus_wrote_is_read_without_counts_and_numbered_figures():
    older = {
        "eval": {"clips": 7, "codebook_1": {"usage": 0.5}, "mel": 2.0, "speech": {"odd": None}},
        "evaluation_set": "ab",
        "scale": {"mel": "window"},
        "step": 5,
        "untrained": {"mel": 6.0},
    }
    found = parse_shown(json.dumps(older).encode(), "m.json")
    assert found == Measured({"mel": 2.0}, 5, "ab", {"mel": "window"})


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", '{"measured": []}', '{"measured": [{}]}', '{"measured": 3}', '{"eval": 3}',
        '{"eval": {"../../x y": 1.0}}', "[" * 100_000,
        '{"measured": [{"figures": {"a": "b"}, "units": {}, "evaluation_set": null}]}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(content):
    with pytest.raises(UserError, match=r"m\.json is damaged"):
        parse_shown(content.encode(), "m.json")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"m\.json cannot be read"):
        read_shown(tmp_path / "m.json")


def test_the_order_is_that_of_the_system_in_every_process(xtts):
    guarded = [name for name in select(METRICS, xtts).figures if name in xtts_guards(xtts)]
    order = [name.removeprefix("eval/").replace("/", ".") for name in type(xtts).metrics]
    assert guarded == sorted(guarded, key=order.index)


def xtts_guards(recipe):
    return {metric.removeprefix("eval/").replace("/", ".") for metric in recipe.guard}
