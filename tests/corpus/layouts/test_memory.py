"""Memory stays flat, however many files there are."""

import gc
import tracemalloc

import pytest

from engine.corpus.layouts import list_files
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import new_database
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.folder import list_folder
from engine.corpus.layouts.ids import settle_ids


def list_folder_of(num_files, place):
    """A simulated walk: the files are entered as if they had been found."""
    with new_database(place / str(num_files)) as (database, _):
        files, collector = Files(place, database), Collector(database)
        for number in range(num_files):
            files.add(f"{number % 97}/{number}.{'wav' if number % 9 else 'flac'}", "audio")
        list_folder(files, collector)
        settle_ids(database)
        assert list(files.others()) == []


def list_manifest_of(num_rows, place):
    folder = place / f"{num_rows} rows"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"")
    with (folder / "m.jsonl").open("w") as file:
        for number in range(num_rows):
            name = "a.wav" if number % 2 else f"absent/{number}.wav"
            file.write(f'{{"audio_filepath": "{name}", "offset": {number}, "text": "words"}}\n')
    listing = list_files(folder, place / str(num_rows))
    assert sum(1 for _ in listing.candidates()) == num_rows // 2
    assert sum(1 for _ in listing.missing()) == num_rows // 2


def peak(run, *arguments):
    gc.collect()  # what earlier tests left is not freed, or counted, in the midst
    tracemalloc.start()
    run(*arguments)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("run", [list_folder_of, list_manifest_of])
def test_four_times_the_files_take_the_same_memory(run, tmp_path):
    peak(run, 10, tmp_path)  # what is loaded once
    assert peak(run, 8_000, tmp_path) < peak(run, 2_000, tmp_path) + 200_000  # 33 bytes a file


def test_four_times_the_texts_of_clips_take_the_same_memory(tmp_path):
    def make(num_clips):
        folder = tmp_path / f"{num_clips} texts"
        for name in ("wav", "txt"):
            (folder / name / "a").mkdir(parents=True)
        for number in range(num_clips):
            (folder / "wav" / "a" / f"{number}.wav").write_bytes(b"")
            (folder / "txt" / "a" / f"{number}.txt").write_text(f"Sentence {number}.")
        return folder

    def read(folder):
        listing = list_files(folder, folder.with_name(f"scratch of {folder.name}"))
        assert listing.layout == "one_text_a_clip"
        assert sum(1 for _ in listing.tables()) == listing.num_candidates

    few, some, many = map(make, (10, 1_000, 4_000))
    peak(read, few)
    assert peak(read, many) < peak(read, some) + 100_000
