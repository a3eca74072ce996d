"""`metadata.json` with `samples`, beside audio and texts, as Higgs Audio is fine-tuned with."""

import json

import pytest


@pytest.fixture
def folder(tmp_path, tone):
    for name in ("one", "two", "ref/a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        tone(tmp_path / f"{name}.wav")
    (tmp_path / "one.txt").write_text("Note: the time is 10:30\n")
    (tmp_path / "words.txt").write_text("két")
    return tmp_path


def sample(name="one", words="one.txt", **more):
    """One as in the set that was published with the training code; `None` takes a key out."""
    facts = {
        "id": name,
        "audio_file": f"{name}.wav",
        "transcript_file": words,
        "duration": 3.86,
        "speaker_id": "huo_speaker",
        "speaker_name": "Huo",
        "scene": "recording_system",
        "emotion": "alerting",
        "language": "zh",
        "gender": "unknown",
        "quality_score": 1.0,
        "original_audio_path": f"/recordings/{name}.wav",
        "user_instruction": "<audio> /translate",
        "task_type": "audio_generation",
    } | more
    return {key: value for key, value in facts.items() if value is not None}


def write(folder, *samples):
    info = {"total_samples": len(samples), "speakers": ["huo_speaker"], "languages": ["zh"]}
    content = {"dataset_info": info, "samples": samples}
    (folder / "metadata.json").write_text(json.dumps(content, indent=2))


def facts(listing):
    return [(one.path, one.text, one.speaker, one.language) for one in listing.candidates]


def test_audio_texts_speakers_and_languages_are_those_of_the_samples(folder, look):
    write(folder, sample(), sample("two", "words.txt", speaker_id="lin", language="en"))
    listing = look(folder)
    assert listing.layout == "voice_samples"
    assert facts(listing) == [
        ("one.wav", "Note: the time is 10:30", "huo_speaker", "zh"),
        ("two.wav", "két", "lin", "en"),
    ]
    assert listing.missing == []


def test_a_reference_is_a_clip_of_the_samples_speaker(folder, look):
    reference = {"ref_audio_file": "ref/a.wav", "ref_transcript": "the reference"}
    write(folder, sample(**reference), sample("two", "words.txt", **reference))
    assert facts(look(folder))[1:2] == [("ref/a.wav", "the reference", "huo_speaker", "zh")]
    assert len(look(folder).candidates) == 3


@pytest.mark.parametrize("said", ["This is a voice sample for cloning.", None])
def test_what_converters_write_for_no_transcript_is_none(folder, look, said):
    write(folder, sample(ref_audio_file="ref/a.wav", ref_transcript=said))
    assert facts(look(folder))[1] == ("ref/a.wav", None, "huo_speaker", "zh")


def test_a_voice_without_a_name_is_called_as_its_reference(folder, look):
    nameless = {"speaker_id": None, "speaker_name": None}
    reference = {"ref_audio_file": "ref/a.wav", "ref_transcript": "the reference"}
    write(folder, sample(**nameless, **reference), sample("two", "words.txt", **nameless))
    assert [(path, speaker) for path, _, speaker, _ in facts(look(folder))] == [
        ("one.wav", "ref/a"),
        ("ref/a.wav", "ref/a"),
        ("two.wav", None),
    ]


def test_absent_audio_is_quarantined_with_its_sample(folder, look):
    write(folder, sample(), sample("gone", "words.txt"))
    (one,) = look(folder).missing
    assert (one.path, one.reason) == ("gone.wav", "unreadable")
    assert one.detail == "named in metadata.json line 1 sample 2, but not there"


@pytest.mark.parametrize("name", ["gone.txt", "../secret.txt", "/etc/hostname", "two.wav"])
def test_a_text_that_is_not_in_the_folder_is_never_read(folder, look, name):
    (folder.parent / "secret.txt").write_text("a secret")
    write(folder, sample("two", name, transcript="as the table says"))
    assert facts(look(folder))[0][1] == "as the table says"
