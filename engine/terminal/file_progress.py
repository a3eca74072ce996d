"""A bar for work that goes file by file; nothing where there is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.terminal.bar_console import bar_console


@contextmanager
def file_progress(title: str) -> Iterator[Callable[[float, int], None]]:
    """Show a bar while the block runs; what it gives is called with files done and in all.

    The share that is done of a file may be among them.
    """
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = bar_console()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_interactive
    ) as bar:
        task = bar.add_task(title, total=None)

        def move(done: float, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move
