"""Nothing is passed over without a count."""

from engine.corpus.layouts.passed_over import PassedOver, PassedOverTally, found_instead


def said(listing):
    return [str(one) for one in listing.passed_over.values()]


def test_files_that_are_no_clips_are_counted_by_suffix_with_examples(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    for number in range(5):
        (tmp_path / f"{number}.docx").write_bytes(b"PK")
    (tmp_path / "notes.TXT").write_text("words")
    (tmp_path / "README").write_text("words")
    assert said(look(tmp_path)) == [
        ".docx files: 5 (0.docx, 1.docx, 2.docx, ...)",
        "files without a suffix: 1 (README)",
        ".txt files: 1 (notes.TXT)",
    ]


def test_hidden_files_links_to_folders_and_pipes_are_counted_by_what_they_are(tmp_path, tone, look):
    import os

    tone(tmp_path / "a.wav")
    tone(tmp_path / ".cache" / "b.wav")
    (tmp_path / "there").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.wav")
    assert said(look(tmp_path)) == [
        "hidden files: 1 (.cache/b.wav)",
        "pipes and devices: 1 (pipe.wav)",
        "links to folders, which are not followed: 1 (there). Put the folder in the link's place",
    ]


def test_archives_and_arrow_files_say_how_they_are_unpacked(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    for name in ("00000.tar", "clips.zip", "b.tar.gz", "data-00000.arrow"):
        (tmp_path / name).write_bytes(b"")
    archives, arrow = look(tmp_path).passed_over.values()
    assert str(archives).startswith("archives: 3 (00000.tar, b.tar.gz, clips.zip). Unpack them")
    assert "to_parquet" in arrow.to_do


def test_tables_that_were_read_are_not_passed_over_and_others_are(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    (tmp_path / "metadata.csv").write_text("file_name,text\na.wav,words\n")
    (tmp_path / "prices.csv").write_text("1,2\n")
    assert said(look(tmp_path)) == [".csv files: 1 (prices.csv)"]


def test_a_file_that_was_counted_for_what_it_is_is_not_counted_by_its_suffix():
    tally = PassedOverTally()
    tally.add_file("texts that name clips and were not read", "a.txt", to_do="Name their columns")
    assert tally.files == {"a.txt"}
    assert [str(one) for one in tally.all()] == [
        "texts that name clips and were not read: 1 (a.txt). Name their columns"
    ]


def test_a_folder_without_audio_says_what_is_there_instead():
    one = PassedOver(what=".docx files", number=1, examples=("a.docx",))
    assert found_instead((one,)) == " (passed over: .docx files: 1 (a.docx))"
    assert found_instead(()) == ""
