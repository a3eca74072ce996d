"""The report of a run as a person opens it: from disk, in a real browser."""

import pytest

from engine.report.page import build_report
from engine.tracking.events import Event
from tests.chromium import PHONE, axe, opened, picture, wait_until
from tests.compared import HARD, run_of, sampled

PLAYERS = """() => [...document.querySelectorAll("audio")]
    .map((player) => [player.paused, player.currentTime])"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A run that was warned, missed an expectation, and left two clips in two versions."""
    folder = tmp_path_factory.mktemp("models") / "xtts_phase1"
    samples = [
        sampled(folder, clip, part, hertz=hertz, seconds=30)
        for clip in ("01_yes", "02_no")
        for part, hertz in (("original", 200), ("spoken", 300))
    ]
    guard = {"metric": "eval/text_ce", "value": 9.0, "condition": "must be below 4", "name": "it"}
    run = run_of(
        folder,
        "xtts_phase1",
        {"mel_ce": HARD, "text_ce": HARD},
        samples=samples,
        events=[
            Event("warning", 100, 1.0, facts={"message": "the disk is nearly full"}),
            Event("guard", 100, 1.0, facts={**guard, "action": "warn", "because": None}),
        ],
        finish={"expectations": [{"name": "eval/mel_ce", "met": False, "detail": "9"}]},
    )
    return build_report(run.folder, run.recipe)


def test_versions_play_one_at_a_time_by_keyboard_and_keep_their_position(page):
    with opened(page) as window:
        window.keyboard.press("n")
        window.keyboard.press("1")
        wait_until(window, f"({PLAYERS})()[0][1] > 0.3")
        before = window.evaluate(PLAYERS)[0][1]
        window.keyboard.press("2")
        wait_until(window, f"!({PLAYERS})()[1][0] && ({PLAYERS})()[0][0]")
        assert window.evaluate(PLAYERS)[1][1] >= before - 0.05
        names = window.locator("audio").evaluate_all("(all) => all.map((a) => a.ariaLabel)")
        assert names[:2] == ["01_yes: original", "01_yes: spoken"]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (PHONE, "dark")], ids=str
)
def test_nothing_is_cut_off_and_axe_finds_nothing(page, width, scheme):
    with opened(page, width=width, scheme=scheme) as window:
        window.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        assert window.evaluate("document.documentElement.scrollWidth") == width
        assert axe(window) == []
        picture(window, f"report_{width}_{scheme}")
