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


def facts(listing):
    return {one.path: (one.label, one.speaker, one.listed) for one in listing.candidates}


WORDS = {
    "no/0a_nohash_0.wav": ("no", "0a", "train"),
    "no/0b_nohash_0.wav": ("no", "0b", "eval"),
    "no/0c_nohash_0.wav": ("no", "0c", "test"),
    "yes/0a_nohash_0.wav": ("yes", "0a", "train"),
    "yes/0b_nohash_0.wav": ("yes", "0b", "eval"),
    "yes/0c_nohash_0.wav": ("yes", "0c", "test"),
}


def moved(folder, top, words):
    """The folder with its lists at `top` and its words in `words`."""
    write_lists(folder)
    made = folder / "made"
    (made / words).mkdir(parents=True)
    for name in ("yes", "no", "_background_noise_"):
        (folder / name).rename(made / words / name)
    for name in ("validation_list.txt", "testing_list.txt"):
        (folder / name).rename(made / top / name)
    return made


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ("SpeechCommands/speech_commands_v0.02", "SpeechCommands/speech_commands_v0.02"),
        ("train", "train/audio"),  # Kaggle's archive
        ("", "train/audio"),
        ("", "audio"),
    ],
)
def test_words_and_lists_are_found_at_any_depth(folder, look, top, words):
    listing = look(moved(folder, top, words))
    assert listing.layout == "speech_commands"
    assert facts(listing) == {f"{words}/{path}": fact for path, fact in WORDS.items()}
    assert listing.missing == []
    assert list(listing.passed_over) == ["recordings of background noise"]


def test_words_without_lists_are_found_a_folder_deeper(folder, look):
    made = folder / "made"
    (made / "mini_speech_commands").mkdir(parents=True)
    for word in ("yes", "no"):
        (folder / word).rename(made / "mini_speech_commands" / word)
    listing = look(made)
    assert {label for label, _, _ in facts(listing).values()} == {"yes", "no"}
    assert len(listing.candidates) == 6


@pytest.mark.parametrize("own", ["", "train/audio/", "train/"])
def test_own_words_beside_the_others_are_words_of_unknown_speakers(folder, tone, look, own):
    made = moved(folder, "train", "train/audio")
    tone(made / f"{own}lights" / "monday.wav")
    assert facts(look(made)) == {f"train/audio/{path}": fact for path, fact in WORDS.items()} | {
        f"{own}lights/monday.wav": ("lights", None, "train")
    }


def test_own_words_without_official_lists_follow_the_rule_by_their_names(folder, tone, look):
    tone(folder / "lights" / "monday.wav")
    assert facts(look(folder))["lights/monday.wav"] == ("lights", None, list_by_rule("monday.wav"))


def test_audio_that_lies_in_no_words_folder_is_a_clip_of_which_nothing_is_known(folder, tone, look):
    made = moved(folder, "train", "train/audio")
    tone(made / "test" / "audio" / "clip_000.wav")  # Kaggle's, without labels
    tone(made / "train" / "audio" / "stray.wav")
    found = facts(look(made))
    assert found["test/audio/clip_000.wav"] == found["train/audio/stray.wav"] == (None, None, None)


def test_two_versions_side_by_side_have_lists_of_their_own(folder, tone, look):
    made = moved(folder, "v2", "v2")
    tone(made / "v1" / "yes" / "0b_nohash_0.wav")
    (made / "v1" / "validation_list.txt").write_text("yes/0b_nohash_0.wav\n")
    assert facts(look(made)) == {f"v2/{path}": fact for path, fact in WORDS.items()} | {
        "v1/yes/0b_nohash_0.wav": ("yes", "0b", "eval")
    }


@pytest.mark.parametrize("words", ["", "audio"])
def test_some_of_the_words_go_with_the_whole_lists(folder, look, words):
    made = moved(folder, "", words)
    absent = [f"bed/0{number}_nohash_0.wav" for number in range(300)]
    lines = [*absent, "no/0b_nohash_0.wav", "yes/0b_nohash_0.wav"]
    (made / "validation_list.txt").write_text("".join(f"{line}\n" for line in lines))
    listing = look(made)
    place = f"{words}/" if words else ""
    assert facts(listing) == {f"{place}{path}": fact for path, fact in WORDS.items()}
    assert listing.missing == []
    one = listing.passed_over["lines of the lists that name words without a folder here"]
    assert one.number == 300


def test_lists_hold_for_files_that_were_converted_and_written_on_windows(folder, tone, look):
    write_lists(folder, "no\\0b_nohash_0.wav\r\nyes\\0b_nohash_0.wav\r\n")
    for path in list(folder.rglob("*_nohash_0.wav")):
        tone(path.with_suffix(".flac"))
        path.unlink()
    found = {path.replace(".flac", ".wav"): fact for path, fact in facts(look(folder)).items()}
    assert found == WORDS
