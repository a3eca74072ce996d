import pytest

from engine.corpus.layouts.ids import is_safe_id


def test_ids_are_paths_without_suffix(tmp_path, tone, look):
    tone(tmp_path / "a" / "b.c.wav")
    assert look(tmp_path).ids == ["a/b.c"]


def test_files_that_differ_only_in_their_suffix_keep_it_in_their_ids(tmp_path, tone, look):
    for name in ("a.wav", "a.flac", "b.wav"):
        tone(tmp_path / name)
    assert look(tmp_path).ids == ["a.flac", "a.wav", "b"]


def test_a_name_that_is_the_longer_id_of_another_keeps_it(tmp_path, tone, look):
    for name in ("a.wav", "a.flac", "a.wav.ogg"):
        tone(tmp_path / name)
    assert look(tmp_path).ids == ["a.flac", "a.wav_00000000", "a.wav"]


def test_parts_of_a_file_are_told_apart_by_their_start_then_by_a_number(
    tmp_path, tone, look, write_lines
):
    tone(tmp_path / "a.wav")
    parts = [(0.0, 0.1), (0.25, 0.1), (0.25, 0.2), (0.2501, 0.1)]
    rows = [{"audio_filepath": "a.wav", "offset": at, "duration": long} for at, long in parts]
    write_lines(tmp_path / "m.jsonl", {"audio_filepath": "a.wav"}, *rows)
    assert look(tmp_path).ids == [
        "a",
        "a_00000000",
        "a.wav_00000250",
        "a.wav_00000250_2",
        "a.wav_00000250_3",
    ]


@pytest.mark.parametrize(
    "name", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\\..\\b", "a\n", "a\u202eb", "x" * 201]
)
def test_ids_that_might_leave_their_folder_or_deceive_are_not_taken(name):
    assert not is_safe_id(name)


@pytest.mark.parametrize("name", ["a", "a/b-1.2", "é_ő"])
def test_ordinary_ids_are_taken(name):
    assert is_safe_id(name)
