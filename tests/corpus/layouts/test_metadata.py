import pytest

from engine.corpus.layouts import list_files
from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, tone):
    for name in ("wavs/LJ001-0001.wav", "wavs/LJ001-0002.wav", "wavs/extra.wav"):
        tone(tmp_path / name)
    return tmp_path


def by_path(folder, **settings):
    return {one.path: one for one in list_files(folder, **settings).candidates}


def test_ljspeech_gives_the_normalised_text(folder):
    (folder / "metadata.csv").write_text(
        'LJ001-0001|It was 1869, "quoted|It was eighteen sixty-nine\nLJ001-0002|Jó|\n'
    )
    assert list_files(folder).layout == "metadata"
    clips = by_path(folder)
    assert clips["wavs/LJ001-0001.wav"].text == "It was eighteen sixty-nine"
    assert clips["wavs/LJ001-0002.wav"].text == "Jó"
    assert clips["wavs/extra.wav"].text is None


def test_a_first_line_that_names_columns_gives_speaker_and_language(folder):
    (folder / "metadata.csv").write_text(
        "audio_file|text|speaker_name|language\nwavs/LJ001-0001.wav|Jó|anna|hu\n", encoding="utf-8"
    )
    clip = by_path(folder)["wavs/LJ001-0001.wav"]
    assert (clip.text, clip.speaker, clip.language) == ("Jó", "anna", "hu")


def test_a_row_without_a_file_is_named_with_its_line(folder):
    (folder / "metadata.csv").write_text("LJ001-0001|a|a\nLJ009-0009|b|b\n")
    missing = list_files(folder).missing
    assert missing[0].path == "LJ009-0009"
    assert missing[0].detail == "named in metadata.csv line 2, but not there"


def test_folders_name_speakers_where_the_table_does_not(folder):
    (folder / "metadata.csv").write_text("path|text|speaker\nwavs/LJ001-0001|a|anna\n")
    clips = by_path(folder, speaker_folders=True)
    assert clips["wavs/LJ001-0001.wav"].speaker == "anna"
    assert clips["wavs/extra.wav"].speaker == "wavs"


@pytest.mark.parametrize("line", ["LJ001-0001", "LJ001-0001|a|b|c"])
def test_a_line_of_too_many_or_too_few_columns_is_named(folder, line):
    (folder / "metadata.csv").write_text(f"LJ001-0001|a|a\n{line}\n")
    with pytest.raises(UserError, match=r"metadata.csv, line 2: \d columns, expected"):
        list_files(folder)


def test_a_table_that_is_not_utf8_is_an_error_in_words(folder):
    (folder / "metadata.csv").write_bytes(b"LJ001-0001|caf\xe9|x\n")
    with pytest.raises(UserError, match="not UTF-8"):
        list_files(folder)


def test_a_byte_order_mark_and_empty_lines_are_ignored(folder):
    (folder / "metadata.csv").write_bytes("\ufeffLJ001-0001|a|b\n\n".encode())
    assert by_path(folder)["wavs/LJ001-0001.wav"].text == "b"


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_transcript_may_hold_what_unicode_calls_a_line_end(folder, mark):
    text = f"LJ001-0001|a|one{mark}two\r\nLJ001-0002|b|three\n"
    (folder / "metadata.csv").write_text(text, encoding="utf-8", newline="")
    clips = by_path(folder)
    assert clips["wavs/LJ001-0001.wav"].text == f"one{mark}two"
    assert clips["wavs/LJ001-0002.wav"].text == "three"


def test_a_broken_link_that_the_table_names_is_counted_once(folder):
    (folder / "wavs" / "gone.wav").symlink_to("nowhere.wav")
    (folder / "metadata.csv").write_text("gone|a|a\n")
    assert [one.path for one in list_files(folder).missing] == ["wavs/gone.wav"]
