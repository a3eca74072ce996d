def test_a_plain_folder_knows_no_speakers(tmp_path, tone, look):
    tone(tmp_path / "anna" / "1.wav")
    listing = look(tmp_path)
    assert listing.layout == "folder"
    assert listing.candidates[0].speaker is None
    assert listing.candidates[0].label is None


def test_speakers_are_the_folders_that_files_lie_in(tmp_path, tone, look):
    for name in ("a/anna/1.wav", "b/anna/1.wav", "ben/1.wav", "top.wav"):
        tone(tmp_path / name)
    speakers = {one.path: one.speaker for one in look(tmp_path, speaker_folders=True).candidates}
    assert speakers == {
        "a/anna/1.wav": "a/anna",
        "b/anna/1.wav": "b/anna",
        "ben/1.wav": "ben",
        "top.wav": None,
    }
