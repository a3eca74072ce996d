import pytest

from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, tone):
    for name in ("audio/a.wav", "audio/b.wav", "audio/c.wav"):
        tone(tmp_path / name)
    return tmp_path


def test_a_manifest_says_text_speaker_language_and_label(folder, look, write_lines):
    row = {"audio_filepath": "audio/a.wav", "duration": 0.5, "text": "Jó", "speaker": 7}
    write_lines(folder / "manifest.json", row | {"lang": "hu", "command": "yes"})
    listing = look(folder)
    (one,) = listing.candidates
    assert (listing.layout, listing.num_other_files) == ("nemo", 2)
    assert (one.text, one.speaker, one.language, one.label) == ("Jó", "7", "hu", "yes")
    assert (one.start_seconds, one.seconds, one.listed) == (0.0, None, None)


def test_an_offset_cuts_a_part_out(folder, look, write_lines):
    rows = [
        {"audio_filepath": "audio/a.wav", "offset": 0.25, "duration": 0.1},
        {"audio_filepath": "audio/a.wav", "offset": 0, "duration": 0.1},
        {"audio_filepath": "audio/a.wav", "offset": 0.4},
    ]
    write_lines(folder / "m.jsonl", *rows)
    listing = look(folder)
    spans = [(one.id, one.start_seconds, one.seconds) for one in listing.candidates]
    assert spans == [
        ("audio/a_00000000", 0.0, 0.1),
        ("audio/a_00000250", 0.25, 0.1),
        ("audio/a_00000400", 0.4, None),
    ]


def test_the_manifests_names_are_the_corpus_own_lists(folder, look, write_lines):
    for list_, name in (("train", "a"), ("dev", "b"), ("test", "c")):
        write_lines(folder / f"{list_}_manifest.json", {"audio_filepath": f"audio/{name}.wav"})
    assert [one.listed for one in look(folder).candidates] == ["train", "eval", "test"]


def test_paths_are_from_the_manifests_folder_or_the_corpus_folder(folder, look, write_lines):
    rows = [{"audio_filepath": name} for name in ("../audio/a.wav", "audio/b.wav", "../../x.wav")]
    write_lines(folder / "manifests" / "all.jsonl", *rows)
    listing = look(folder)
    assert listing.paths == ["audio/a.wav", "audio/b.wav"]
    assert "leaves the corpus folder" in listing.missing[0].detail


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        ("-1", "offset is -1 s, below 0"),
        ('"1"', "offset is a text"),
        ("true", "offset is true or false"),
        ("NaN", "offset is no finite time"),
        ("Infinity", "offset is no finite time"),
        ("1e999", "offset is no finite time"),
        ("1" + 400 * "0", "offset is no finite time"),
    ],
)
def test_times_that_are_none_are_quarantined_with_their_line(folder, look, offset, said):
    line = f'{{"audio_filepath": "audio/a.wav", "offset": {offset}, "duration": 1}}\n'
    (folder / "m.jsonl").write_text('{"audio_filepath": "audio/b.wav"}\n' + line)
    listing = look(folder)
    assert listing.paths == ["audio/b.wav"]
    assert listing.reasons == [("audio/a.wav", "header disagrees")]
    assert f"m.jsonl line 2: {said}" in listing.missing[0].detail


@pytest.mark.parametrize("name", ["https://example.org/a.wav", "s3://bucket/a.wav"])
def test_addresses_are_never_fetched(folder, look, write_lines, name):
    write_lines(folder / "m.jsonl", {"audio_filepath": name})
    assert "nothing is fetched" in look(folder).missing[0].detail


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("{", "line 2: this is no whole JSON object"),
        ("7", "line 2: there is something else than a JSON object"),
        ('{"audio_filepath": ["a.wav"]}', "line 2: 'audio_filepath' is a list; text is allowed"),
        ('{"audio_filepath": "a", "text": "\\ud800"}', "line 2: 'text' holds half of a Unicode"),
        ('{"audio_filepath": "a", "offset": %s}' % ("9" * 5_000), "line 2: an object is nested"),
        ('{"a": %s}' % ("[" * 100_000), "line 2: an object is nested too deep"),
    ],
)
def test_a_line_that_cannot_be_read_is_an_error_with_its_number(folder, look, second, said):
    (folder / "m.jsonl").write_text(f'{{"audio_filepath": "audio/a.wav"}}\n{second}\n')
    with pytest.raises(UserError, match=r"m\.jsonl.*" + said.replace("\\", "")):
        look(folder)


def test_a_jsonl_that_is_none_is_an_error_and_other_json_is_another_file(folder, look):
    (folder / "settings.json").write_text("[1, 2")
    assert look(folder).layout == "folder"
    (folder / "train.jsonl").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(UserError, match=r"train.jsonl, line 1: there is something else"):
        look(folder)


def test_tables_beside_each_other_are_chosen_in_a_fixed_order(folder, look, write_lines):
    write_lines(folder / "m.jsonl", {"audio_filepath": "audio/a.wav"})
    write_lines(folder / "chat.jsonl", {"messages": []})
    assert look(folder).layout == "nemo"
    write_lines(folder / "cuts.jsonl", {"id": "a", "recording": {}, "supervisions": []})
    assert look(folder).layout == "lhotse_cuts"
    (folder / "metadata.csv").write_text("audio/a|a|a\n")
    listing = look(folder)
    assert (listing.layout, listing.num_other_files) == ("metadata", 3)
