"""Whole sessions in a real browser, from the server of `cantus listen` and a static folder."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from engine.listening.app import _MOST_BYTES
from engine.listening.listening_test import REFERENCE
from engine.listening.places import kept_answers
from engine.listening.static_folder import write_static
from tests.chromium import PHONE, axe, opened, picture, wait_until

PLAYING = (
    "[...document.querySelectorAll('audio')].map((one) => one.paused ? null : one.currentTime)"
)


@contextmanager
def served(root: Path, *words: str):
    """`cantus listen codec_a codec_b` of a project: the link that it prints, and its process."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "engine", "listen", "codec_a", "codec_b", *words]
    with subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield next(line.strip() for line in process.stdout if line.startswith("http")), process
        finally:
            process.kill()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Says nothing."""


@contextmanager
def any_web_server(folder: Path):
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def begin(page, name="Ann"):
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start").click()
    wait_for_players(page)


def wait_for_players(page):
    page.wait_for_selector(".version")
    page.wait_for_selector(".version[disabled]", state="detached")


def rate_first(page, value):
    """Rate the first version on the first scale, and wait until that is on the disk."""
    page.query_selector_all(".values")[0].query_selector_all("input")[value - 1].check()
    page.wait_for_selector("#status:text-is('Saved.')")


def play_all(page):
    for button in page.query_selector_all(".version"):
        button.click()


def answer_trial(page, value=7):
    """Play all versions, answer everything alike, and go on."""
    wait_for_players(page)
    play_all(page)
    for row in page.query_selector_all(".values"):
        inputs = row.query_selector_all("input")
        inputs[min(value, len(inputs)) - 1].check()
    page.get_by_role("button", name="Next").click()


def title(page) -> str:
    return page.inner_text("h1")


@pytest.mark.slow
def test_a_whole_blind_session_is_saved_as_it_is_answered(project, folder, test):
    with served(project.root, "--name", "ab") as (link, process):
        requests: list[str] = []
        with opened(link) as page:
            page.on("request", lambda request: requests.append(request.url))
            assert axe(page) == []
            picture(page, "listening_welcome")
            begin(page)
            assert axe(page) == []
            shown = page.inner_html("main") + page.inner_text("#test")
            trials = len(test.ratings) + len(test.comparisons)
            assert f"1 of {trials}" in page.inner_text(".progress")
            for number in range(trials):
                if "01_yes" in page.inner_text("main") and "Rate" in title(page):
                    wait_for_players(page)
                    picture(page, "listening_rating")
                if "Is X" in title(page) and "listening_abx" not in requests:
                    wait_for_players(page)
                    assert axe(page) == []
                    picture(page, "listening_abx")
                    shown += page.inner_html("main")
                    requests.append("listening_abx")
                answer_trial(page)
                following = f".progress:has-text('{number + 2} of')"
                page.wait_for_selector(following if number + 1 < trials else "text=Thank you")
            assert "All your answers are saved on the server" in page.inner_text("main")
        answers = kept_answers(test, folder)
        asked = sum(4 * len(one.stimuli) for one in test.ratings) + len(test.comparisons)
        assert len(answers.all) == asked
        assert set(answers.names().values()) == {"Ann"}
        assert not answers.refused
        told = shown + " ".join(requests)
        for secret in ("codec_a", "codec_b", "anchor", "hidden reference", "decoded", "samples/"):
            assert secret not in told.replace("decoded_8", ""), secret
        process.send_signal(signal.SIGINT)
        assert f"{asked} answers of 1 listeners" in process.stdout.read()


@pytest.mark.slow
def test_killed_server_and_closed_browser_lose_nothing_and_go_on(project, folder, test, port):
    words = ("--name", "ab", "--port", str(port))
    with served(project.root, *words) as (link, process), opened(link) as page:
        begin(page, "שרה <b>")
        rate_first(page, 5)
        process.kill()
        listener = re.search("#listener=([0-9a-f]+)", page.url)[1]
        place = page.inner_text(".faint")
    assert [one.value for one in kept_answers(test, folder).all] == [5]
    with (folder / "answers.jsonl").open("a") as file:
        file.write('{"version": 1, "te')  # a line that a power cut tore
    with served(project.root, *words) as (link, _), opened(f"{link}#listener={listener}") as page:
        wait_for_players(page)
        assert page.inner_text(".faint") == place
        assert [one.is_checked() for one in page.query_selector_all("input")].index(True) == 4
        answer_trial(page, 6)
        page.wait_for_selector(".progress:has-text('2 of')")
        sent = "Object.values(localStorage).every((kept) => kept.includes(UNSENT))"
        wait_until(page, sent.replace("UNSENT", """'"unsent":[]'"""))
    answers = kept_answers(test, folder)
    assert (answers.refused, answers.num_revised) == ({"damaged": 1}, 1)
    assert {one.listener for one in answers.all} == {listener}


@pytest.mark.slow
def test_a_static_folder_needs_only_the_keyboard_and_keeps_answers_for_download(
    project, folder, test, tmp_path
):
    write_static(test, folder, tmp_path / "page")
    with any_web_server(tmp_path / "page") as link, opened(link) as page:
        keys = page.keyboard
        page.wait_for_selector("h1")
        keys.press("Tab")
        keys.type("Bob")
        keys.press("Enter")
        wait_for_players(page)
        seen = answered_by_keys(page)
        assert seen == len(test.ratings) + len(test.comparisons)
        keys.press("Tab")
        with page.expect_download() as download:
            keys.press("Enter")
        content = json.loads(Path(download.value.path()).read_text())
        page.reload()
        page.wait_for_selector("text=Thank you")
    assert content["test"] == test.id
    assert {one["name"] for one in content["answers"]} == {"Bob"}
    asked = sum(4 * len(one.stimuli) for one in test.ratings) + len(test.comparisons)
    assert len(content["answers"]) == asked


def play(page, letter: str) -> None:
    """Press the letter of a version and wait until it was played, to its end or in part.

    A version that is switched to plays once it has found the position of the one before. It may
    have ended before anybody looks: what is still playing says nothing.
    """
    page.keyboard.press(letter.lower())
    buttons = "[...document.querySelectorAll('.version')]"
    button = f"{buttons}.find((one) => one.querySelector('kbd').textContent === '{letter}')"
    wait_until(page, f"{button}.closest('figure').querySelector('audio').played.length > 0")


def answered_by_keys(page) -> int:
    """Play by letters, rate by digits, move by Tab: all trials, without a pointer."""
    keys, seen = page.keyboard, 0
    while title(page) != "Thank you":
        assert seen < 20, "the session does not end"
        wait_for_players(page)
        for shown in page.query_selector_all(".version kbd"):
            play(page, shown.inner_text())
        keys.press("x" if "Is X" in title(page) else "a")
        for _ in range(200):
            keys.press("Tab")
            kind = page.evaluate("document.activeElement.type")
            if kind == "radio":
                keys.press("Space" if "Is X" in title(page) else "8")
            elif page.evaluate("document.activeElement.textContent") == "Next":
                break
        before = page.evaluate("document.querySelector('.progress').textContent + document.title")
        keys.press("Enter")
        assert page.inner_text("#status") in ("", "Saved in this browser."), before
        seen += 1
    return seen


@pytest.mark.slow
def test_switching_keeps_the_position_and_one_sounds_at_a_time(test, folder, tmp_path):
    write_static(test, folder, tmp_path / "page")
    with (
        any_web_server(tmp_path / "page") as link,
        opened(link, width=PHONE, scheme="dark") as page,
    ):
        begin(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        assert axe(page) == []
        picture(page, "listening_phone_dark")
        page.keyboard.press("a")
        wait_until(page, f"Math.max(...{PLAYING}) >= 0.2")
        page.keyboard.press("b")
        # The one before is paused when the other has begun.
        wait_until(page, f"{PLAYING}.filter((place) => place).length === 1")
        assert max(place or 0 for place in page.evaluate(PLAYING)) >= 0.2
        page.get_by_role("button", name="Next").click()
        assert re.search(r"Open: 1[26] answers", page.inner_text("#status"))
        assert page.evaluate("document.activeElement.type") == "radio"


@pytest.mark.slow
def test_texts_of_strangers_are_shown_and_each_listener_has_an_order(test, folder, tmp_path):
    write_static(test, folder, tmp_path / "page")
    with any_web_server(tmp_path / "page") as link, opened(link) as page:
        known = json.loads(page.inner_text("#test"))
        ids = [f"{number:016x}" for number in range(400)]
        orders = page.evaluate(
            "([known, ids]) => ids.map((id) => trialsFor(known, id))", [known, [*ids, ids[0]]]
        )
        begin(page)
        assert page.query_selector("main img") is None
    assert orders[0] == orders.pop()
    assert len({json.dumps(order) for order in orders}) == len(ids)
    for trial in known["ratings"]:
        shown = [next(one for one in order if one["id"] == trial["id"]) for order in orders]
        first = Counter(one["stimuli"][0] for one in shown)
        assert all(abs(first[file] - 400 / len(first)) < 60 for file in trial["stimuli"])
    texts = "".join(f"{trial['clip']} {trial['text']}\n" for trial in known["ratings"])
    assert "<img src=x onerror=alert(1)> שלום \\u202eevil" in texts
    assert "02_<b>up</b>" in texts
    assert "\u202e" not in texts


@pytest.mark.slow
def test_two_listeners_at_once_are_kept_apart(project, folder, test):
    with (
        served(project.root, "--name", "ab") as (link, _),
        opened(link) as page,
    ):
        other = page.context.new_page()
        other.goto(link)
        for one, name in ((page, "Ann"), (other, "Ann")):
            begin(one, name)
        for one, value in ((page, 3), (other, 9), (page, 4)):
            rate_first(one, value)
    answers = kept_answers(test, folder)
    assert sorted(one.value for one in answers.all) == [4, 9]
    assert len(set(answers.names().values())) == 2
    assert all(name.startswith("Ann ") for name in answers.names().values())


def test_reference_stands_hidden_among_the_versions(test):
    hidden = [one for one in test.ratings if REFERENCE in one.stimuli.values()]
    assert len(hidden) == 3
    assert all(one.reference not in one.stimuli for one in hidden)


@pytest.mark.slow
def test_answers_of_a_long_while_without_a_server_are_sent_in_parts(test, folder, tmp_path):
    write_static(test, folder, tmp_path / "page")
    with opened((tmp_path / "page" / "index.html").as_uri()) as page:
        parts, largest, left = page.evaluate(
            """async () => {
              const sent = [];
              window.fetch = async (_, { body }) => {
                sent.push(new Blob([body]).size);
                return { ok: true };
              };
              const test = { version: 1, test: "0".repeat(24), server: true };
              const answers = new KeptAnswers(test, "0".repeat(64), () => {});
              answers.name = "\u05e9".repeat(60);
              for (let k = 0; k < 3000; k += 1) {
                answers.unsent.set(`${k}aaaaaaaaaaaa bbbbbbbbbbbbbbbb smoothness`, 5);
              }
              await answers.send();
              return [sent.length, Math.max(...sent), answers.unsent.size];
            }"""
        )
    assert (parts, left) == (15, 0)
    assert largest < _MOST_BYTES / 2
