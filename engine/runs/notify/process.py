"""The process that sends notifications about a run: `python -m engine.runs.notify.process RUN`.

The process follows events.jsonl beside training. It sends a message when a guard that warns has
fired, once for each guard, and when standard input closes: the run has ended, or the process that
trained was killed. Each line on its standard error is a message that could not be sent.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import click

from engine.files.lock import is_held
from engine.project import Project
from engine.report.history import History
from engine.runs.notify.message import message_of_end, message_of_guard
from engine.runs.notify.send import command_words, post, run_command
from engine.tracking.event_lines import lines_from, stdin_is_open

_POLL_SECONDS = 1.0
_DEATH_SECONDS = 30.0
"""How long a process that failed may take to let go of its run's folder."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--project", required=True, type=click.Path(path_type=Path))
@click.option("--known", default=0, help="Bytes of events.jsonl that were already reported.")
@click.option("--at", "moments", multiple=True, help="'guard', 'end'.")
@click.option("--variable", default="", help="The environment variable of the web hook.")
def command(
    run: Path,
    project: Path,
    known: int,
    moments: tuple[str, ...],
    variable: str,
) -> None:
    """Send notifications about a run to a command, to a web hook, or to both."""
    sender = _Sender(project, variable)
    notified: set[str] = set()
    more = True
    while more:
        more = stdin_is_open(_POLL_SECONDS)
        if "guard" in moments:
            known = _notify_of_guards(run, known, sender, notified)
    if "end" in moments and (run / "events.jsonl").is_file():
        _await_death(run)
        sender.send(message_of_end(run, Project(project)))


def _notify_of_guards(run: Path, known: int, sender: "_Sender", notified: set[str]) -> int:
    """Notify of guards that fired after `known` bytes; how many bytes are known now.

    A guard that stops the run is reported with the end of the run.
    """
    events = run / "events.jsonl"
    for event, end in lines_from(events, known) if events.is_file() else ():
        known = end
        if event is None or event.kind != "guard" or event.facts["action"] == "stop":
            continue
        if event.facts["name"] not in notified:
            notified.add(event.facts["name"])
            sender.send(message_of_guard(run, event))
    return known


def _await_death(run: Path) -> None:
    """Where no event says how the run ended, wait until its process has left the folder."""
    if History.of(run).ending is not None:
        return
    until = time.monotonic() + _DEATH_SECONDS
    while is_held(run) and time.monotonic() < until:
        time.sleep(0.1)


class _Sender:
    """Sends messages to the configured command and web hook."""

    def __init__(self, project: Path, variable: str) -> None:
        self._project, self._arguments = project, command_words()
        self._address = os.environ.get(variable, "") if variable else ""

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; print a line on the standard error for each failure."""
        text = json.dumps(message, ensure_ascii=True).encode()
        reasons = []
        if self._arguments:
            reasons.append(run_command(self._arguments, text, self._project))
        if self._address:
            reasons.append(post(self._address, text))
        for reason in filter(None, reasons):
            click.echo(reason, err=True)


if __name__ == "__main__":
    command()
