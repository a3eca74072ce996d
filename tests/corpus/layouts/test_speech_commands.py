import pytest

from engine.corpus.layouts.speech_commands import list_by_rule


@pytest.fixture
def folder(tmp_path, tone):
    for word in ("yes", "no"):
        for speaker in ("0a", "0b", "0c"):
            tone(tmp_path / word / f"{speaker}_nohash_0.wav")
    tone(tmp_path / "_background_noise_" / "running_tap.wav")
    return tmp_path


def write_lists(folder, validation="no/0b_nohash_0.wav\nyes/0b_nohash_0.wav\n"):
    (folder / "validation_list.txt").write_text(validation)
    (folder / "testing_list.txt").write_text("no/0c_nohash_0.wav\nyes/0c_nohash_0.wav\n")


def test_words_speakers_and_official_lists_are_read(folder, look):
    write_lists(folder)
    listing = look(folder)
    assert listing.layout == "speech_commands"
    facts = [(one.label, one.text, one.speaker, one.listed) for one in listing.candidates]
    assert facts[:3] == [
        ("no", "no", "0a", "train"),
        ("no", "no", "0b", "eval"),
        ("no", "no", "0c", "test"),
    ]


def test_background_noise_is_no_clip(folder, look):
    write_lists(folder)
    listing = look(folder)
    assert len(listing.candidates) == 6
    assert listing.num_other_files == 1


def test_a_listed_file_that_is_missing_is_named_with_its_line(folder, look):
    write_lists(folder, "no/0b_nohash_0.wav\nyes/9f_nohash_0.wav\n")
    missing = look(folder).missing
    assert [one.path for one in missing] == ["yes/9f_nohash_0.wav"]
    assert missing[0].detail == "named in validation_list.txt line 2, but not there"


def test_without_lists_the_rule_of_the_dataset_splits_by_speaker(folder, look):
    listing = look(folder)
    assert listing.layout == "speech_commands"
    assert {(one.speaker, one.listed) for one in listing.candidates} == {
        (speaker, list_by_rule(speaker)) for speaker in ("0a", "0b", "0c")
    }


def test_the_rule_gives_about_a_tenth_to_each_held_out_list():
    lists = [list_by_rule(f"{number:08x}") for number in range(2_000)]
    assert 150 < lists.count("eval") < 250
    assert 150 < lists.count("test") < 250


def test_the_rule_follows_the_published_hash():
    # SHA-1 modulo 2**27 over 2**27 - 1, as a percentage: below 10 validation, below 20 testing.
    import hashlib

    for name in ("0a7c2a8d", "c50f55b8", "bbc83aeb"):
        share = int(hashlib.sha1(name.encode()).hexdigest(), 16) % 2**27 * 100.0 / (2**27 - 1)
        expected = "eval" if share < 10 else "test" if share < 20 else "train"
        assert list_by_rule(name) == expected


def test_names_without_a_speaker_are_taken_when_there_are_lists(tmp_path, tone, look):
    tone(tmp_path / "yes" / "plain.wav")
    (tmp_path / "validation_list.txt").write_text("")
    one = look(tmp_path).candidates[0]
    assert (one.label, one.speaker, one.listed) == ("yes", None, "train")


def test_a_broken_link_that_a_list_names_is_counted_once(folder, look):
    (folder / "yes" / "9f_nohash_0.wav").symlink_to("nowhere.wav")
    write_lists(folder, "yes/9f_nohash_0.wav\n")
    (one,) = look(folder).missing
    assert (one.path, one.detail.partition(":")[0]) == (
        "yes/9f_nohash_0.wav",
        "a link to nowhere.wav",
    )


def test_a_listed_name_may_hold_what_unicode_calls_a_line_end(folder, tone, look):
    tone(folder / "yes" / "0d\u2028_nohash_0.wav")
    (folder / "validation_list.txt").write_text("yes/0d\u2028_nohash_0.wav\n", encoding="utf-8")
    listing = look(folder)
    assert listing.missing == []
    assert [one.path for one in listing.candidates if one.listed == "eval"] == [
        "yes/0d\u2028_nohash_0.wav"
    ]


def test_words_are_no_speakers(folder, look):
    assert {one.speaker for one in look(folder, speaker_folders=True).candidates} == {
        "0a",
        "0b",
        "0c",
    }


def test_a_listed_name_that_leaves_the_folder_is_not_there(folder, look):
    write_lists(folder, "../../secret_nohash_0.wav\n")
    assert look(folder).reasons == [("../../secret_nohash_0.wav", "unreadable")]
