import pytest

from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, tone):
    for name in ("wavs/LJ001-0001.wav", "wavs/LJ001-0002.wav", "wavs/extra.wav"):
        tone(tmp_path / "lj" / name)
    return tmp_path / "lj"


@pytest.fixture
def by_path(folder, look):
    return lambda **settings: {one.path: one for one in look(folder, **settings).candidates}


def test_ljspeech_gives_the_normalised_text(folder, look, by_path):
    (folder / "metadata.csv").write_text(
        'LJ001-0001|It was 1869, "quoted|It was eighteen sixty-nine\nLJ001-0002|Jó|\n'
    )
    assert look(folder).layout == "metadata"
    clips = by_path()
    assert clips["wavs/LJ001-0001.wav"].text == "It was eighteen sixty-nine"
    assert clips["wavs/LJ001-0002.wav"].text == "Jó"
    assert clips["wavs/extra.wav"].text is None


def test_a_first_line_that_names_columns_gives_speaker_and_language(folder, by_path):
    (folder / "metadata.csv").write_text(
        "audio_file|text|speaker_name|emotion_name|language\nwavs/LJ001-0001.wav|Jó|anna|calm|hu\n",
        encoding="utf-8",
    )
    clip = by_path()["wavs/LJ001-0001.wav"]
    assert (clip.text, clip.speaker, clip.language) == ("Jó", "anna", "hu")


def test_a_fourth_column_without_a_name_is_the_speaker(folder, by_path):
    rows = ("0001|It was 1869.|It was eighteen sixty-nine.", "0002|A cat sat.|A cat sat.")
    (folder / "metadata.csv").write_text("".join(f"LJ001-{row}|anna\n" for row in rows))
    clips = by_path()
    assert [clips[f"wavs/LJ001-000{n}.wav"].speaker for n in (1, 2)] == ["anna", "anna"]
    assert clips["wavs/LJ001-0001.wav"].text == "It was eighteen sixty-nine."


def test_commas_divide_columns_that_are_named_and_may_be_quoted(folder, by_path):
    (folder / "metadata.csv").write_text(
        'file_name,text\nwavs/LJ001-0001.wav,"One, ""two""\nand three"\nwavs/LJ001-0002.wav,four\n'
    )
    clips = by_path()
    assert clips["wavs/LJ001-0001.wav"].text == 'One, "two"\nand three'
    assert clips["wavs/LJ001-0002.wav"].text == "four"


@pytest.mark.parametrize("rest", ['"open', '"a" b,c'])
def test_a_quotation_that_does_not_end_is_an_error_with_its_line(folder, look, rest):
    (folder / "metadata.csv").write_text(f"file_name,text\na,b\nc,{rest}")
    with pytest.raises(UserError, match=r"metadata.csv, line 3: .*quotation marks"):
        look(folder)


def test_a_train_and_eval_pair_is_the_corpus_own_lists(folder, look):
    head = "audio_file|text|speaker_name\n"
    (folder / "metadata_train.csv").write_text(f"{head}wavs/LJ001-0001.wav|a|anna\n")
    (folder / "metadata_eval.csv").write_text(f"{head}wavs/LJ001-0002.wav|b|anna\n")
    (folder / "metadata.csv").write_text("LJ001-0001|c|c\n")
    listing = look(folder)
    assert [(one.text, one.listed) for one in listing.candidates] == [("a", "train"), ("b", "eval")]
    assert (listing.layout, listing.num_other_files) == ("metadata_pair", 2)


def test_half_a_pair_lists_nothing(folder, look):
    (folder / "metadata_train.csv").write_text("audio_file|text\nwavs/LJ001-0001.wav|a\n")
    assert [one.listed for one in look(folder).candidates] == [None]


def test_half_a_pair_gives_way_to_the_table_of_all_clips(folder, look):
    (folder / "metadata_eval.csv").write_text("audio_file|text\nwavs/LJ001-0001.wav|a\n")
    (folder / "metadata.csv").write_text("LJ001-0001|b|b\n")
    listing = look(folder)
    assert (listing.layout, listing.candidates[0].text) == ("metadata", "b")


def test_common_voice_names_files_in_clips(tmp_path, tone, look):
    for name in "abcd":
        tone(tmp_path / "clips" / f"{name}.wav")
    head = "client_id\tpath\tsentence\tup_votes\tlocale\n"
    for number, name in enumerate(("train", "dev", "test", "validated")):
        row = f'x{number}\t{"abcd"[number]}.wav\tSo "{name}\t2\thu\n'
        (tmp_path / f"{name}.tsv").write_text(head + row)
    listing = look(tmp_path)
    assert listing.layout == "common_voice"
    facts = [(one.path, one.text, one.speaker, one.listed) for one in listing.candidates]
    assert facts == [
        ("clips/a.wav", 'So "train', "x0", "train"),
        ("clips/b.wav", 'So "dev', "x1", "eval"),
        ("clips/c.wav", 'So "test', "x2", "test"),
    ]
    assert listing.candidates[0].language == "hu"
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.tsv").unlink()
    assert look(tmp_path).paths == ["clips/d.wav"]


def test_a_row_without_a_file_is_named_with_its_line(folder, look):
    (folder / "metadata.csv").write_text("LJ001-0001|a|a\nLJ009-0009|b|b\n|c|c\n")
    missing = {one.path: one.detail for one in look(folder).missing}
    assert missing == {
        "LJ009-0009": "named in metadata.csv line 2, but not there",
        "metadata.csv line 3": "metadata.csv line 3 names no file",
    }


def test_a_file_that_is_named_twice_is_a_duplicate(folder, look):
    (folder / "metadata.csv").write_text("LJ001-0001|a|a\nwavs/LJ001-0001.wav|b|b\n")
    listing = look(folder)
    assert listing.candidates[0].text == "a"
    assert listing.reasons == [("wavs/LJ001-0001.wav", "duplicate of")]
    assert "metadata.csv line 1 names; metadata.csv line 2" in listing.missing[0].detail


def test_paths_that_leave_the_folder_are_never_read(folder, look, tone):
    outside = tone(folder.parent / "secret.wav")
    (folder / "wavs" / "link.wav").symlink_to(outside)
    rows = ["../secret.wav", "wavs/../../secret.wav", str(outside), "..\\secret.wav"]
    (folder / "metadata.csv").write_text("".join(f"{row}|a|a\n" for row in [*rows, "link"]))
    listing = look(folder)
    assert listing.paths == ["wavs/LJ001-0001.wav", "wavs/LJ001-0002.wav", "wavs/extra.wav"]
    details = {one.path: one.detail for one in listing.missing}
    assert details.keys() == {*rows, "wavs/link.wav"}
    for row in rows[:3]:
        assert "but it leaves the corpus folder" in details[row]
    assert "it leaves the folder" in details["wavs/link.wav"]


def test_absolute_paths_into_the_folder_and_those_of_windows_are_found(folder, look, by_path):
    row = folder / "wavs" / "LJ001-0001.wav"
    (folder / "metadata.csv").write_text(f"{row}|a|a\nwavs\\LJ001-0002.wav|b|b\n")
    assert look(folder).missing == []
    assert by_path()["wavs/LJ001-0001.wav"].text == "a"
    assert by_path()["wavs/LJ001-0002.wav"].text == "b"


def test_tables_in_sub_folders_name_files_from_there(tmp_path, tone, look):
    for speaker in ("anna", "ben"):
        tone(tmp_path / speaker / "wavs" / "1.wav")
        (tmp_path / speaker / "metadata.csv").write_text(f"1|{speaker}|{speaker}\n")
    listing = look(tmp_path)
    assert [(one.path, one.text) for one in listing.candidates] == [
        ("anna/wavs/1.wav", "anna"),
        ("ben/wavs/1.wav", "ben"),
    ]
    (tmp_path / "metadata.csv").write_text("anna/wavs/1|top|top\n")
    assert [one.text for one in look(tmp_path).candidates] == ["top", None]


def test_folders_name_speakers_where_the_table_does_not(folder, by_path):
    (folder / "metadata.csv").write_text("path|text|speaker\nwavs/LJ001-0001|a|anna\n")
    clips = by_path(speaker_folders=True)
    assert clips["wavs/LJ001-0001.wav"].speaker == "anna"
    assert clips["wavs/extra.wav"].speaker == "wavs"


@pytest.mark.parametrize("line", ["LJ001-0001", "LJ001-0001|a|b|c"])
def test_a_line_of_too_many_or_too_few_columns_is_named(folder, line, look):
    (folder / "metadata.csv").write_text(f"LJ001-0001|a|a\n{line}\n")
    with pytest.raises(UserError, match=r"metadata.csv, line 2: \d columns, expected"):
        look(folder)


def test_a_table_that_is_not_utf8_is_an_error_in_words(folder, look):
    (folder / "metadata.csv").write_bytes(b"LJ001-0001|caf\xe9|x\n")
    with pytest.raises(UserError, match="line 1 is not UTF-8"):
        look(folder)


def test_a_byte_order_mark_and_empty_lines_are_ignored(folder, by_path):
    (folder / "metadata.csv").write_bytes("\ufeffLJ001-0001|a b c|A B C\n\n".encode())
    assert by_path()["wavs/LJ001-0001.wav"].text == "A B C"


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_transcript_may_hold_what_unicode_calls_a_line_end(folder, mark, by_path):
    text = f"LJ001-0001|one two|one{mark}two\r\nLJ001-0002|three|three\n"
    (folder / "metadata.csv").write_text(text, encoding="utf-8", newline="")
    clips = by_path()
    assert clips["wavs/LJ001-0001.wav"].text == f"one{mark}two"
    assert clips["wavs/LJ001-0002.wav"].text == "three"


def test_a_broken_link_that_the_table_names_is_counted_once(folder, look):
    (folder / "wavs" / "gone.wav").symlink_to("nowhere.wav")
    (folder / "metadata.csv").write_text("gone|a|a\n")
    assert [one.path for one in look(folder).missing] == ["wavs/gone.wav"]
