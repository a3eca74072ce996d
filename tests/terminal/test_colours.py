import io
import os
import pty
import subprocess
import sys

import pytest

from engine.terminal.colours import coloured, has_colour

PROGRAM = "from engine.cli import main; main(['trian'])"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_unless_it_is_forbidden_or_forced(
    monkeypatch, stream, environment, expected
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm"} | environment).items():
        monkeypatch.setenv(name, value)
    assert has_colour(stream) is expected


def test_the_beginning_of_an_error_the_place_of_a_fault_and_a_verdict_are_coloured():
    bold, red, green, end = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
    assert coloured("error: a.toml:3  x: y") == (
        f"{red}{bold}error:{end} {bold}a.toml:3{end}  x: y"
    )
    assert coloured("r finished. Verdict on these weights: good; keep r.") == (
        f"r finished. {green}{bold}Verdict on these weights: good; keep r{end}."
    )
    assert coloured("no error: here") == "no error: here"


def test_a_real_terminal_shows_colour_and_a_pipe_does_not(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    words = [sys.executable, "-c", PROGRAM]
    piped = subprocess.run(words, capture_output=True, check=False).stderr
    assert piped.startswith(b"error: There is no command")
    outer, inner = pty.openpty()
    subprocess.run(words, stderr=inner, check=False)
    assert b"\x1b[1merror:" in os.read(outer, 4096)
