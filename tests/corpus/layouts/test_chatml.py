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
