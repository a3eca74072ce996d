"""The page as a stranger opens it: from disk in a browser, with strangers' texts in it."""

import re

import pytest

from engine.report.compare.page import build_comparison
from engine.tracking.events import Event
from tests.chromium import PHONE, axe, opened, picture, wait_until
from tests.compared import HARD, run_of, sampled

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>\u202e"
STATE = """() => [...document.querySelectorAll("[data-clip]")[0].querySelectorAll("audio")]
    .map((player) => [player.paused, player.currentTime])"""


def words(page: str) -> str:
    """The page's text without its markup, in single spaces."""
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Two phases with samples, of which one clip has a hostile name and text."""
    folder = tmp_path_factory.mktemp("models")
    said = "epoch 1: 1.3, expected 1 to 2"
    finish = {"expectations": [{"name": "eval/mel_ce", "met": True, "detail": said}]}
    started = {"of": "xtts_phase2", "command": "cantus train xtts_phase2 -S training.steps=100"}
    runs = []
    for number, name in enumerate(("xtts_phase1", "xtts_phase2")):
        place = folder / name
        samples = [
            sampled(place, "01_yes", "original", hertz=200, seconds=30),
            sampled(place, "01_yes", "spoken", hertz=300 + 50 * number, seconds=30),
            sampled(place, HOSTILE, "spoken", HOSTILE, hertz=400 + 50 * number, seconds=30),
        ]
        clips = {"mel_ce": HARD - 0.2 * number, "text_ce": HARD}
        events = [Event("warning", 100, 1.0, facts={"message": HOSTILE})] if number else []
        runs.append(
            run_of(
                place,
                name,
                clips,
                samples=samples,
                events=events,
                finish=finish,
                started=started if number else {},
            )
        )
    path = folder / "compare" / "phases.html"
    build_comparison(runs, path)
    return path


def test_the_verdict_comes_first_and_every_part_is_there(page):
    text = words(page.read_text("utf-8"))
    first = text.index("Use xtts_phase2: its weights are better than those of xtts_phase1.")
    heads = ["Differences between the recipes", "Metrics", "Curves", "Expectations and guards",
             "Data", "Samples", "How to reproduce each run"]  # fmt: skip
    places = [text.index(head, first) for head in heads]
    assert places == sorted(places)
    assert "met eval/mel_ce epoch 1: 1.3, expected 1 to 2" in text
    assert "48 of 50 clips in the corpus are sound." in text


def test_each_run_has_the_command_that_makes_it_again_with_its_values(page):
    text = words(page.read_text("utf-8"))
    assert "command dvc repro xtts_phase1 begun 1970-01-01 00:01 UTC commit not recorded" in text
    assert "command cantus train xtts_phase2 -S training.steps=100" in text
    assert "seed 7" in text


def test_a_run_without_samples_and_one_without_a_metric_are_said(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD, "text_ce": HARD})
    made = [sampled(tmp_path / "b", "yes", "spoken")]
    second = run_of(tmp_path / "b", "xtts_phase1", {"mel_ce": HARD - 1}, samples=made)
    build_comparison([first, second], tmp_path / "page.html")
    text = words((tmp_path / "page.html").read_text("utf-8"))
    assert "Without samples: a." in text
    assert "Not made by a." in text
    assert "b does not measure it: text_ce" in text


def test_texts_of_strangers_become_no_markup(page):
    text = page.read_text("utf-8")
    assert "<script>document" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_in_a_browser_versions_switch_by_keyboard_at_one_position_and_one_sounds(page):
    with opened(page) as window:
        assert window.title() == "xtts_phase1 and xtts_phase2 compared"
        window.keyboard.press("n")
        window.keyboard.press("2")
        wait_until(window, f"({STATE})()[1][1] > 0.3")
        window.keyboard.press("3")
        wait_until(window, f"!({STATE})()[2][0] && ({STATE})()[1][0]")
        (_, _, (paused, at)), before = window.evaluate(STATE), window.evaluate(STATE)[1]
        assert (before[0], paused) == (True, False)
        assert at >= before[1] - 0.05
        assert window.locator(".version[aria-pressed=true]").all_inner_texts() == [
            "3\nxtts_phase2: spoken"
        ]
        window.keyboard.press("n")
        window.keyboard.press("1")
        wait_until(window, "document.querySelectorAll('audio')[3].currentTime > 0")
        wait_until(window, f"({STATE})()[2][0]")
        sounding = window.evaluate("[...document.querySelectorAll('audio')].map((a) => !a.paused)")
        assert sounding == [False, False, False, True, False]
        names = window.locator("audio").evaluate_all("(all) => all.map((a) => a.ariaLabel)")
        assert names[:3] == [
            "yes: original",
            "yes: xtts_phase1: spoken",
            "yes: xtts_phase2: spoken",
        ]
        window.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        assert axe(window) == []
        picture(window, "compare")


def test_on_a_phone_in_the_dark_nothing_is_cut_off_and_contrast_is_kept(page):
    with opened(page, width=PHONE, scheme="dark") as window:
        assert window.evaluate("document.documentElement.scrollWidth") == PHONE
        table = "document.querySelectorAll('.stacked')[1]"
        assert window.evaluate(f"{table}.scrollWidth <= {table}.parentElement.clientWidth")
        assert axe(window) == []
        picture(window, "compare_phone_dark")
