"""Bars for files that arrive byte by byte; nothing where there is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from engine.terminal.bar_console import bar_console

Move = Callable[[int, int | None], None]


@contextmanager
def byte_progress() -> Iterator[Callable[[str], Move]]:
    """Show bars while the block runs; what it gives makes the bar of a file by its name.

    A bar is moved with the bytes that are there and the file's size, None where it is unknown.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = bar_console()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_interactive
    ) as bars:

        def bar(name: str) -> Move:
            task = bars.add_task(name, total=None)

            def move(done: int, total: int | None) -> None:
                bars.update(task, completed=done, total=total)

            return move

        yield bar
