"""How a run looks in a terminal: a bar where there is one, plain lines where there is none.

A terminal that was closed, a pipe that nobody reads or a log on a full disk ends the showing, not
the run.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from engine.files.text import visible, visible_lines
from engine.terminal.bar_console import bar_console
from engine.terminal.colours import coloured
from engine.terminal.say import say
from engine.tracking.numbered import is_numbered
from engine.training.watcher import Progress

_SECONDS_BETWEEN_LINES = 15.0
_FIGURES = 8
"""Number of figures of an evaluation: a line or two. The report has all."""


class ConsoleWatcher:
    """Shows progress with throughput and time left. Used as a context manager.

    `said` is a file of warnings and notes that runs before this one gave, which are not shown
    again; those of this run are added.
    """

    def __init__(self, said: Path | None = None) -> None:
        self._said = said
        self._console = bar_console()
        self._bar = Bar(
            TextColumn("[bold]{task.fields[place]}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._last_line = 0.0
        self._gone = False

    def __enter__(self) -> "ConsoleWatcher":
        with self._shown():
            if self._console.is_interactive:
                self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._shown():
            self._bar.stop()

    def say(self, sentence: str) -> None:
        """A line of its own, with what would steer the terminal written as escapes."""
        if self._gone or self._was_said(sentence):
            return
        with self._shown():
            if self._console.is_interactive:
                text = Text.from_ansi(coloured(visible_lines(sentence)))
                self._bar.console.print(text, highlight=False)
            else:
                say(sentence)

    def progress(self, progress: Progress) -> None:
        """Move the bar, or print a line now and then."""
        place = f"step {progress.step}/{progress.total_steps}  epoch {progress.epoch:.2f}"
        figures = (
            f"loss {_loss(progress.metrics)}  {progress.clips_per_second:.0f} clips/s  "
            f"{_clock(progress.seconds_left)} left"
        )
        if self._console.is_interactive and not self._gone:
            with self._shown():
                self._move_bar(progress, place, figures)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.say(f"{place}  {figures}")

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Print the first figures of an evaluation: its system names what matters first."""
        shown = [(name, value) for name, value in metrics.items() if not is_numbered(name)]
        figures = "  ".join(f"{name} {value:.4g}" for name, value in shown[:_FIGURES])
        self.say(f"evaluated at step {step}: {figures}")

    def _was_said(self, sentence: str) -> bool:
        """Whether a run before this one gave the same warning or note."""
        if self._said is None or not sentence.startswith(("warning: ", "note: ")):
            return False
        before = self._said.read_text("utf-8").splitlines() if self._said.is_file() else []
        if (line := visible(sentence)) in before:
            return True
        self._said.write_text("".join(f"{one}\n" for one in [*before, line]), encoding="utf-8")
        return False

    @contextmanager
    def _shown(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._gone = True

    def _move_bar(self, progress: Progress, place: str, figures: str) -> None:
        if self._task is None:
            self._task = self._bar.add_task("", total=progress.total_steps, place="", figures="")
        self._bar.update(self._task, completed=progress.step, place=place, figures=figures)


def _loss(metrics: Mapping[str, float]) -> str:
    losses = [value for name, value in sorted(metrics.items()) if name.startswith("train/loss")]
    return " ".join(f"{value:.4g}" for value in losses)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
