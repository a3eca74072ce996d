import json

import pytest

from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, tone):
    for name in ("ref", "one", "two"):
        tone(tmp_path / f"{name}.wav")
    return tmp_path


def text(words):
    return {"type": "text", "text": words}


def audio(name, **more):
    return {"type": "audio", "audio_url": name, "raw_audio": None, **more}


def sample(target="one.wav", words="Jó", **more):
    """A cloning sample: a reference voice, an instruction, and what it is to say."""
    user = [text("the reference"), audio("ref.wav"), text("Please generate speech.")]
    messages = [
        {"role": "system", "content": "Generate speech in the provided voice."},
        {"role": "user", "content": user},
        {"role": "assistant", "content": [text(words), audio(target)]},
    ]
    misc = {"ref_transcript": "the reference"}
    return {"messages": messages, "speaker": "anna", "language": "hu", "misc": misc} | more


def test_a_list_of_samples_gives_targets_and_references(folder, look):
    (folder / "train.json").write_text(json.dumps([sample(), sample("two.wav", "két")], indent=1))
    listing = look(folder)
    assert listing.layout == "chatml"
    facts = [(one.path, one.text, one.speaker, one.language) for one in listing.candidates]
    assert facts == [
        ("one.wav", "Jó", "anna", "hu"),
        ("ref.wav", "the reference", "anna", "hu"),
        ("two.wav", "két", "anna", "hu"),
    ]
    assert listing.missing == []


def test_text_may_stand_in_the_message_before(folder, look, write_lines):
    turns = [("user", "the reference"), ("assistant", audio("ref.wav"))]
    turns += [("user", "one"), ("assistant", audio("one.wav"))]
    messages = [{"role": role, "content": content} for role, content in turns]
    write_lines(folder / "train.jsonl", {"messages": messages, "start_index": 3})
    facts = [(one.path, one.text) for one in look(folder).candidates]
    assert facts == [("one.wav", "one"), ("ref.wav", "the reference")]


def test_what_the_user_is_told_to_say_is_no_transcript_of_what_the_user_plays(
    folder, look, write_lines
):
    messages = [{"role": "user", "content": [text("Transcribe this."), audio("one.wav")]}]
    write_lines(folder / "train.jsonl", {"messages": messages})
    assert look(folder).candidates[0].text is None


def test_the_same_file_with_another_text_is_a_duplicate(folder, look, write_lines):
    write_lines(folder / "train.jsonl", sample(), sample(), sample(words="Rossz"))
    assert look(folder).reasons == [("one.wav", "duplicate of")]


def test_a_part_of_a_file_is_cut_out(folder, look, write_lines):
    message = {"role": "assistant", "content": audio("one.wav", offset=0.1, duration=0.2)}
    write_lines(folder / "train.jsonl", {"messages": [message]})
    (one,) = look(folder).candidates
    assert (one.start_seconds, one.seconds) == (0.1, 0.2)


def test_audio_inside_the_table_is_refused_in_words(folder, look, write_lines):
    message = {"role": "assistant", "content": [audio("placeholder", raw_audio="UklGRg==")]}
    write_lines(folder / "train.jsonl", {"messages": [message]}, sample())
    (one,) = look(folder).missing
    assert (one.path, one.reason) == ("placeholder", "unreadable")
    assert one.detail.startswith("train.jsonl line 1: audio inside the table (raw_audio)")


@pytest.mark.parametrize(
    "part", [{"audio_url": "codes/one.npy"}, {"audio_url": "one.wav", "audio_codes": [[1, 2]]}]
)
def test_codes_that_somebody_else_made_are_refused_in_words(folder, look, write_lines, part):
    (folder / "codes").mkdir()
    (folder / "codes" / "one.npy").write_bytes(b"codes")
    message = {"role": "assistant", "content": [text("egy"), {"type": "audio"} | part]}
    write_lines(folder / "train.jsonl", {"messages": [message]}, sample("two.wav", "két"))
    (one,) = look(folder).missing
    assert (one.path, one.reason) == (part["audio_url"], "unreadable")
    assert one.detail.startswith("train.jsonl line 1: codes are not read")


def test_an_absent_reference_is_named_once(folder, look, write_lines):
    (folder / "ref.wav").unlink()
    write_lines(folder / "train.jsonl", sample(), sample("two.wav"))
    assert look(folder).reasons == [("ref.wav", "unreadable")]


@pytest.mark.parametrize("content", [7, [7], True])
def test_content_of_another_kind_is_an_error_with_its_line(folder, look, write_lines, content):
    bad = {"messages": [{"role": "assistant", "content": content}]}
    write_lines(folder / "train.jsonl", sample(), bad)
    with pytest.raises(UserError, match=r"train.jsonl line 2: a message's content is a text"):
        look(folder)


INSTRUCTED = "Please generate speech for given text in reference audio's voice: "


def five_parts(words="Note: the time is 10:30", **more):
    """A user turn of three parts and an answer of audio alone: what is said stands once."""
    user = [text("the reference"), audio("ref.wav"), text(INSTRUCTED + words)]
    messages = [
        {"role": "system", "content": "Generate speech in the provided voice."},
        {"role": "user", "content": user},
        {"role": "assistant", "content": [audio("one.wav")]},
    ]
    return {"messages": messages, "speaker": "anna"} | more


def said(listing):
    return [(one.path, one.text, one.speaker) for one in listing.candidates]


@pytest.mark.parametrize(
    "words", ["Note: the time is 10:30", "one: two: three", "jó napot", "Please: sit"]
)
def test_an_instruction_is_no_part_of_the_text_and_colons_are(folder, look, write_lines, words):
    write_lines(folder / "train.jsonl", five_parts(words))
    assert said(look(folder)) == [
        ("one.wav", words, "anna"),
        ("ref.wav", "the reference", "anna"),
    ]


def test_other_words_before_a_colon_are_text(folder, look, write_lines):
    turns = [{"role": "user", "content": "Please say it in his voice: no"}]
    turns += [{"role": "assistant", "content": [audio("one.wav")]}]
    write_lines(folder / "train.jsonl", {"messages": turns})
    assert said(look(folder)) == [("one.wav", "Please say it in his voice: no", None)]


def test_what_the_assistant_writes_goes_before_what_stands_elsewhere(folder, look, write_lines):
    misc = {"target_transcript": "from misc", "ref_transcript": "of the reference"}
    own = sample(words="the assistant's own", misc=misc)
    write_lines(folder / "train.jsonl", own)
    assert said(look(folder))[0] == ("one.wav", "the assistant's own", "anna")
    write_lines(folder / "train.jsonl", five_parts("by the user", misc=misc))
    assert said(look(folder)) == [
        ("one.wav", "from misc", "anna"),
        ("ref.wav", "of the reference", "anna"),
    ]


def test_a_voice_without_a_name_is_called_as_its_reference(folder, look, write_lines):
    nameless = five_parts(speaker=None)
    alone = {"messages": [{"role": "assistant", "content": [text("két"), audio("two.wav")]}]}
    write_lines(folder / "train.jsonl", nameless, alone)
    assert [(path, speaker) for path, _, speaker in said(look(folder))] == [
        ("one.wav", "ref"),
        ("ref.wav", "ref"),
        ("two.wav", None),
    ]


def test_a_reference_may_stand_in_the_system_turn(folder, look, write_lines):
    told = [text("Speak like this."), audio("ref.wav")]
    turns = [("system", told), ("user", "egy"), ("assistant", audio("one.wav"))]
    messages = [{"role": role, "content": content} for role, content in turns]
    misc = {"ref_transcript": "the reference"}
    write_lines(folder / "train.jsonl", {"messages": messages, "speaker": "anna", "misc": misc})
    assert said(look(folder)) == [
        ("one.wav", "egy", "anna"),
        ("ref.wav", "the reference", "anna"),
    ]


def test_start_index_changes_no_clip(folder, look, write_lines):
    found = []
    for more in ({}, {"start_index": 0}, {"start_index": 3}):
        write_lines(folder / "train.jsonl", five_parts(**more))
        found.append(said(look(folder)))
    assert found[0] == found[1] == found[2]


def test_samples_may_stand_in_a_list_of_one_object(folder, look):
    file = {"info": {"speakers": ["anna"]}, "samples": [sample(), sample("two.wav", "két")]}
    (folder / "train.json").write_text(json.dumps(file))
    listing = look(folder)
    assert listing.layout == "chatml"
    assert [path for path, _, _ in said(listing)] == ["one.wav", "ref.wav", "two.wav"]
    (folder / "train.json").write_text(json.dumps({"samples": [sample(), sample("gone.wav")]}))
    (one,) = look(folder).missing
    assert one.detail == "named in train.json line 1 sample 2, but not there"
    (folder / "train.json").write_text(json.dumps({"samples": [sample(), 7]}))
    with pytest.raises(UserError, match=r"train\.json, line 1 sample 2 is no JSON object"):
        look(folder)


@pytest.mark.parametrize("url", [{}, {"audio_url": None}, {"audio_url": ""}])
def test_audio_without_a_path_is_quarantined_with_its_line(folder, look, write_lines, url):
    bad = {"messages": [{"role": "assistant", "content": [text("egy"), {"type": "audio"} | url]}]}
    write_lines(folder / "train.jsonl", sample(), bad)
    (one,) = look(folder).missing
    assert (one.path, one.reason) == ("train.jsonl line 2", "unreadable")
    assert one.detail == "train.jsonl line 2 names no file"


def test_an_absent_target_is_quarantined_and_its_reference_is_a_clip(folder, look, write_lines):
    write_lines(folder / "train.jsonl", sample("gone.wav"), sample("two.wav", "két"))
    listing = look(folder)
    assert listing.reasons == [("gone.wav", "unreadable")]
    assert [path for path, _, _ in said(listing)] == ["ref.wav", "two.wav"]
