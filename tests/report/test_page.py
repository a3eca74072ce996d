"""Builds real pages and reads them as a browser would: their links, players and words."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from attrs import evolve

from engine.recipe import load_recipe, write_recipe
from engine.recipe.judgement import Guard
from engine.report.page import build_report
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import GUARD, add_events, make_wav, start

RECIPES = Path(__file__).parents[2] / "recipes"
FINAL = {"eval/rmse_db": 6.66, "eval/perplexity": 7.43, "eval/rmse_ratio_to_uniform_grid": 0.954}
BASELINES = {"baseline/grid/rmse_db": 6.98, "baseline/mean_spectrogram/rmse_db": 21.5}
DATA = {
    "found": 311,
    "used": 287,
    "quarantined": {"too short": 14},
    "training": 230,
    "evaluation": 57,
    "split": "at random over clips",
    "leaks": "41 of its 44 speakers are also in training.",
}
FIRED = GUARD | {"because": "<b>collapsed</b>"}
REACHED = "epoch 5: 0.01, expected 0 to 0.0066"
FINISH = {
    "verdict": {
        "metric": "eval/rmse_ratio_to_uniform_grid",
        "value": 0.954,
        "keep": "audio_vae",
        "say": "as good as a grid that learns nothing",
    },
    "expectations": [
        {"name": "eval/reconstruction", "met": False, "detail": REACHED},
        {"name": "eval/perplexity", "met": None, "detail": "epoch 5: not reached"},
    ],
    "seconds": 130.0,
    "best_step": 100,
}


def samples(model: Path) -> Event:
    """Two parts of one clip, each with a player; one with a picture."""
    listed = []
    for part in ("original", "reconstruction"):
        make_wav(model / "samples" / f"yes_{part}.wav")
        entry = {"name": f"yes/{part}", "kind": "audio", "path": f"samples/yes_{part}.wav"}
        listed.append(entry)
    (model / "samples" / "yes.png").write_bytes(b"")
    listed.append({"name": "yes/original", "kind": "image", "path": "samples/yes.png"})
    return Event("sample", 100, 5.0, facts={"folder": "model", "samples": listed})


class Links(HTMLParser):
    """Every address that a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src")]


@pytest.fixture
def recipe():
    return load_recipe(RECIPES / "audio_vae.toml", classes=recipe_classes())


@pytest.fixture
def model(tmp_path, recipe):
    """A finished model's folder, its report not yet made."""
    folder = tmp_path / "models" / "audio_vae"
    folder.mkdir(parents=True)
    write_recipe(recipe, folder / "recipe.toml")
    add_events(
        folder,
        [
            start("audio_vae", parameters=83777, data=DATA, machine={"device": "cpu"}),
            Event("baseline", 0, metrics=BASELINES),
            Event("eval", 0, metrics={"untrained/rmse_db": 25.1}),
            Event("train", 50, 2.5, {"train/loss": 1.0}),
            Event("eval", 50, 2.5, {"eval/rmse_db": 9.0, "eval/perplexity": 5.0}),
            Event("guard", 50, 2.5, facts=FIRED),
            Event("eval", 100, 5.0, FINAL, {"evaluation_set": "ab12cd34"}),
            samples(folder),
            Event("finish", 100, 5.0, metrics=FINAL | BASELINES, facts=FINISH),
        ],
    )
    return folder


@pytest.fixture
def page(model, recipe):
    return build_report(model, recipe).read_text(encoding="utf-8")


def words(page: str) -> str:
    """The page's text without its markup, in single spaces."""
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_the_verdict_stands_in_words_with_its_figure(page):
    assert "as good as a grid that learns nothing" in words(page)
    assert "eval/rmse_ratio_to_uniform_grid is 0.954 . Keep audio_vae ." in words(page)


def test_differences_gain_and_what_does_not_compare_stand_in_words(model, recipe):
    (model / "events.jsonl").unlink()
    said = "-0.012 (95 % CI -0.04 to +0.02, 46 clips): indistinguishable from noise"
    facts = {"difference": {"against_step": 50, "said": said}}
    finish = FINISH | {"gain": "No evaluation beat the parent, base."}
    events = [start("audio_vae"), Event("eval", 100, 5.0, FINAL, facts)]
    add_events(model, [*events, Event("finish", 100, 5.0, metrics=FINAL, facts=finish)])
    remark = "The figures of grid are of another set."
    text = words(build_report(model, recipe, remark).read_text(encoding="utf-8"))
    assert f"step best before difference 100 50 {said}" in text
    assert "No evaluation beat the parent, base." in text
    assert f"When this page was made: {remark}" in text


def test_the_result_stands_beside_untrained_and_what_learns_nothing(page):
    assert "metric trained untrained grid mean spectrogram" in words(page)
    row = "both clamped to -80..40 dB; lower is better 6.66 25.1 6.98 21.5"
    assert row in words(page)


def test_numbered_metrics_stand_in_a_table_of_their_own(model, recipe):
    numbered = {"eval/quantizers_2/mel": 0.75, "eval/quantizers_1/mel": 1.25}
    add_events(model, [Event("finish", 100, 5.0, metrics=FINAL | numbered, facts=FINISH)])
    page = build_report(model, recipe).read_text(encoding="utf-8")
    assert "By quantizers quantizers mel 1 1.25 2 0.75" in words(page)
    assert "quantizers_2" not in page


def test_what_a_system_notes_of_its_data_is_there(tmp_path, recipe):
    noted = DATA | {"notes": ["3 clips were recorded below 8,000 Hz and are left out."]}
    add_events(tmp_path, [start("audio_vae", data=noted)])
    assert "3 clips were recorded below" in build_report(tmp_path, recipe).read_text("utf-8")


def test_a_figure_of_training_that_a_guard_watches_has_a_chart(tmp_path, recipe):
    watched = evolve(recipe, guard={"train/perplexity": (Guard(above=2.0),)})
    add_events(tmp_path, [start("audio_vae"), Event("train", 5, 1.0, {"train/perplexity": 3.0})])
    page = build_report(tmp_path, watched).read_text(encoding="utf-8")
    assert "perplexity over step. training: 3 at 5, 3 at 5." in page
    assert "guard: 2, below this picture." in words(page)


def test_the_metric_that_decides_comes_first(page):
    assert page.index("<code>rmse_db</code>") < page.index("<code>perplexity</code>")
    assert page.count('class="decides"') == 1


def test_to_beat_an_untrained_network_is_called_no_achievement(page):
    assert (
        "rmse_db is 6.66. Of the baselines it beats grid (6.98), mean_spectrogram (21.5). "
        "The untrained network has 25.1, which any training should beat" in words(page)
    )


def test_losing_to_what_learns_nothing_is_said(model, recipe):
    add_events(model, [Event("finish", 100, 5.0, {"eval/rmse_db": 7.5}, FINISH)])
    page = build_report(model, recipe).read_text(encoding="utf-8")
    assert "it beats mean_spectrogram (21.5), but not grid (6.98)." in words(page)


def test_the_data_are_accounted_for_and_a_leak_is_marked(page):
    assert (
        "287 of 311 clips in the corpus are sound. This run has 230 clips for training, 57 for "
        "evaluation. Held out: at random over clips." in words(page)
    )
    assert '<p class="leak">41 of its 44 speakers are also in training.</p>' in page
    assert "14 too short" in words(page)
    assert "Evaluation set ab12cd34 :" in words(page)


def test_expectations_stand_with_their_reasons(page, recipe):
    assert "missed eval/reconstruction epoch 5: 0.01, expected 0 to 0.0066" in words(page)
    assert "not reached eval/perplexity epoch 5: not reached" in words(page)
    assert recipe.expect["eval/perplexity"].because in page


def test_guards_speak_and_no_text_becomes_markup(page):
    assert "warn At step 50 eval/perplexity was 1.5, but it must be above 2" in words(page)
    assert "&lt;b&gt;collapsed&lt;/b&gt;" in page


def test_a_run_whose_guards_were_silent_says_so(tmp_path, recipe):
    add_events(tmp_path, [start("audio_vae")])
    page = build_report(tmp_path, recipe).read_text(encoding="utf-8")
    assert (
        "0 of 1 guards watched the run, besides those of a finite loss and of gradients (never "
        "due: " in words(page)
    )


def test_what_the_losses_of_a_demo_are_instead_stands_at_the_top(tmp_path, recipe):
    settings = "demo settings: hinge instead of least squares"
    add_events(tmp_path, [start("audio_vae", demo_settings=settings)])
    page = build_report(tmp_path, recipe).read_text(encoding="utf-8")
    assert f"The recipe's summary: {recipe.summary} {settings}" in words(page)


def test_every_link_leads_to_a_file_of_the_folder(page, model):
    links = Links()
    links.feed(page)
    assert {"samples/yes_original.wav", "samples/yes.png"} <= set(links.found)
    files = [link for link in links.found if not link.startswith("data:image/webp;base64,")]
    assert [link for link in files if not (model / link).is_file()] == []
    assert "http" not in page.replace("http-equiv", "")


def test_a_clips_parts_stand_side_by_side(page):
    assert page.count('<div class="exhibit"') == 1
    assert page.count("<audio") == 2
    assert "yes 1 original" in words(page)
    assert "2 reconstruction" in words(page)


def test_each_evaluated_metric_has_a_chart_and_names_what_lies_outside(page):
    drawn = re.findall(r'role="img" aria-label="(\w+) over step', page)
    assert drawn == ["rmse_db", "rmse_ratio_to_uniform_grid", "perplexity"]
    assert "mean spectrogram: 21.5, above this picture." in words(page)


def test_a_sample_whose_file_is_gone_loses_its_player_and_says_so(model, recipe):
    (model / "samples" / "yes_reconstruction.wav").unlink()
    page = build_report(model, recipe).read_text(encoding="utf-8")
    assert page.count("<audio") == 1
    assert "Its file is missing or holds no audio." in words(page)


def test_the_recipe_the_machine_and_the_time_are_there(page, model):
    assert "parameters 83,777 length 100 steps (5 epochs) best step 100 time taken 2 min 10 s" in (
        words(page)
    )
    assert "device cpu" in words(page)
    assert "[model.quantizer]" in page


def test_the_same_events_make_the_same_page(model, recipe, page):
    assert build_report(model, recipe).read_text(encoding="utf-8") == page


def test_a_run_that_was_killed_early_has_a_report_that_says_so(tmp_path, recipe):
    add_events(tmp_path, [start("audio_vae"), Event("train", 10, metrics={"train/loss": 1.0})])
    page = build_report(tmp_path, recipe).read_text(encoding="utf-8")
    assert "killed after step 10" in words(page)
    assert "<img" not in page
