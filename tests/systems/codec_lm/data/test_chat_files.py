"""A chat file as the corpus: what it says becomes clips, and its samples keep their references."""

import json

import numpy as np
import pytest
import soundfile

from engine.corpus import Corpus, ingest
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.params import Work
from tests.systems.codec_lm.voices_project import PARAMS, RATE, said, write_codec

INSTRUCTED = "Please generate speech for given text in reference audio's voice: "
TEXTS = ("Note: the time is 10:30", "one: two", "three", "four", "five", "six")


def sample(number, text, target=None):
    """One of a set that calls each sample a speaker of its own."""
    user = [
        {"type": "text", "text": f"reference {number}"},
        {"type": "audio", "audio_url": f"../datasets/ref_{number}.wav", "raw_audio": ""},
        {"type": "text", "text": INSTRUCTED + text},
    ]
    audio = {"type": "audio", "audio_url": target or f"../datasets/target_{number}.wav"}
    messages = [
        {"role": "system", "content": "Generate speech in the provided voice."},
        {"role": "user", "content": user},
        {"role": "assistant", "content": [audio]},
    ]
    return {"messages": messages, "start_index": 0, "speaker": f"sample_{number}"}


@pytest.fixture
def chat_project(tmp_path):
    """Six samples with a reference each, and one whose target is not there."""
    made, random = Project(tmp_path), np.random.default_rng(0)
    folder = tmp_path / "data" / "voices"
    (folder / "datasets").mkdir(parents=True)
    for number, text in enumerate(TEXTS):
        for name in ("ref", "target"):
            samples = said(text + name, 100.0 + 25 * number, random)
            soundfile.write(folder / "datasets" / f"{name}_{number}.wav", samples, RATE)
    rows = [sample(number, text) for number, text in enumerate(TEXTS)]
    rows.append(sample(0, "nobody says this", target="datasets/gone.wav"))
    (folder / "train_chatml.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "recipes").mkdir()
    made.params.write_text(PARAMS.replace("[8000]", "[8000]\nat_most_bad = 0.2"))
    write_codec(tmp_path / "published" / "codec")
    source = load_params(made.params).corpora["voices"]
    ingest("voices", source, made, work=Work(num_workers=1))
    return made


def test_each_sample_is_conditioned_on_its_own_reference_and_texts_are_whole(
    chat_project, make_utterances
):
    utterances = make_utterances(
        chat_project, dataset={"num_seen_clips": 0, "eval_share": 0.4}, batch_size=2
    )
    sets, tokens = (utterances.training, utterances.evaluation), utterances.assets.tokens
    spoken = {}
    for clips in sets:
        for clip, other in enumerate(clips.fixed_references):
            assert clips.speakers[clip] == clips.speakers[other]
            assert {clips.ids[clip].split("/")[-1][:3], clips.ids[other].split("/")[-1][:3]} == {
                "ref",
                "tar",
            }
            spoken[clips.ids[clip].split("/")[-1]] = tokens.spell(clips.texts[clip].tolist())
    expected = {f"target_{number}": text for number, text in enumerate(TEXTS)}
    expected |= {f"ref_{number}": f"reference {number}" for number in range(len(TEXTS))}
    assert spoken == expected


def test_audio_that_is_not_there_is_counted_with_its_line(chat_project):
    corpus = Corpus.open(chat_project.corpus("voices"))
    (gone,) = corpus.manifest.quarantined
    assert (gone.path, gone.reason) == ("datasets/gone.wav", "unreadable")
    assert "train_chatml.json line" in gone.detail
    assert gone.detail.endswith("not there")
    assert corpus.report.quarantined["unreadable"] == 1
