"""A listening test as a folder that any web server can serve: answers stay in the browser."""

import os
import shutil
from pathlib import Path

from engine.errors import UserError
from engine.files.atomic import new_folder
from engine.listening.build import AUDIO
from engine.listening.listening_test import ListeningTest
from engine.listening.page import page_of


def write_static(test: ListeningTest, folder: Path, place: Path) -> None:
    """Write the page and its audio files to `place`, whole or not at all.

    Raises UserError where the folder is not empty.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UserError(f"{place} exists and is not empty. Name a new folder.")
    with new_folder(place.resolve()) as new:
        (new / AUDIO).mkdir()
        for name in test.files:
            copied = new / AUDIO / f"{name}.wav"
            shutil.copyfile(folder / AUDIO / copied.name, copied)
            os.utime(copied, (0, 0))  # web servers send dates
        (new / "index.html").write_text(page_of(test, saved_by_server=False), encoding="utf-8")
