"""What a corpus becomes: split by speakers, coded once, and coded again by another codec alone."""

import numpy as np
import pytest
from attrs import evolve

from engine.corpus.audio.pcm import FULL_SCALE
from engine.errors import UserError
from engine.features.cache import Features
from engine.features.prepared import write_prepared
from engine.recipe import load_params
from engine.systems.codec_lm.higgs.tokens import MARKS, new_tokens
from engine.systems.codec_lm.prepare import prepare, published_files
from engine.systems.codec_lm.recipe import Codec, Published
from engine.systems.codec_lm.usage import used_clips
from tests.systems.codec_lm.conftest import INSTRUCTION
from tests.systems.codec_lm.voices_project import (
    CODEBOOKS,
    RATE,
    SMALL,
    add_clip,
    features_at,
    ingested,
    said,
    write_codec,
)


def codes_files(project):
    return {path.name for path in project.features.glob("codes-*.npy")}


def shard_files(project):
    return {path.name for path in project.features.glob("shard-*.npy")}


def test_whole_speakers_are_held_out(make_utterances):
    utterances = make_utterances()
    training, evaluation = set(utterances.training.speakers), set(utterances.evaluation.speakers)
    assert (training, evaluation) == ({"emil", "kati", "lili"}, {"anna", "bela"})
    assert (len(utterances.training), len(utterances.evaluation)) == (15, 10)


def test_a_clips_codes_are_those_of_the_codec(make_utterances):
    utterances = make_utterances()
    codec, packed = utterances.assets.codec, utterances.data.corpus.packed(RATE)
    for place in (0, 13):
        samples = packed.read(int(utterances.data.rows[place])).astype(np.float32) / FULL_SCALE
        codes = utterances.clips.codes[place]
        assert codes.dtype == np.int16
        assert codes.tolist() == codec.encode(samples).tolist()


def test_text_tokens_are_those_of_the_clips_own_transcript(make_utterances):
    utterances = make_utterances()
    clips, tokens = utterances.clips, utterances.assets.tokens
    for row, text in zip(clips.rows.tolist(), clips.texts, strict=True):
        assert tokens.spell(text.tolist()) == utterances.data.corpus.manifest.clips[row].text
    assert tokens.spell(clips.texts[3].tolist()) == "Note: nine", "whole texts, colons or not"


def test_a_clip_whose_speaker_the_split_leaves_alone_is_left_out_of_its_set(make_utterances):
    utterances = make_utterances(dataset={"num_train_clips": 8}, batch_size=2)
    alone = [one for one in utterances.eligible.left_out if one.detail == "in the training set"]
    assert alone
    assert {one.reason for one in alone} == {"only clip of its speaker"}
    assert len(utterances.training) == 8 - len(alone)
    assert (utterances.training.references.counts > 0).all()
    assert (
        f"{len(alone)} are left out, because no other clip of their speaker is"
        in utterances.data.split.how
    )


def test_too_few_clips_with_references_are_an_error_that_says_why(make_utterances):
    with pytest.raises(UserError, match=r"has 0 training and 10 evaluation clips with another"):
        make_utterances(dataset={"num_train_clips": 1}, batch_size=1)


def test_codes_are_kept_and_another_codec_has_codes_of_its_own(own_project, make_utterances):
    first = make_utterances(own_project)
    kept, shards = codes_files(own_project), shard_files(own_project)
    assert len(kept) == 1
    again = make_utterances(own_project)
    assert codes_files(own_project) == kept
    assert np.array_equal(np.concatenate(again.clips.codes), np.concatenate(first.clips.codes))

    write_codec(own_project.root / "published" / "codec", seed=3)
    other = make_utterances(own_project)
    assert len(codes_files(own_project)) == 2
    assert not shards & (shard_files(own_project) - shards)
    assert other.assets.digest != first.assets.digest
    assert not np.array_equal(np.concatenate(other.clips.codes), np.concatenate(first.clips.codes))


def test_fewer_codebooks_are_other_codes_and_the_first_of_them(own_project, make_utterances):
    whole = make_utterances(own_project)
    fewer = make_utterances(
        own_project, codec=Codec(folder="published/codec", num_codebooks=CODEBOOKS - 2)
    )
    assert fewer.assets.chat.codebooks.num_codebooks == CODEBOOKS - 2
    for own, all_books in zip(fewer.clips.codes, whole.clips.codes, strict=True):
        assert np.array_equal(own, all_books[:, : CODEBOOKS - 2])


def test_a_clip_more_codes_new_groups_alone(own_project, make_utterances, monkeypatch):
    monkeypatch.setattr("engine.systems.codec_lm.data.cached_features._SHARD_SECONDS", 0.001)
    make_utterances(own_project)
    before = {path: path.stat().st_mtime_ns for path in own_project.features.glob("shard-*.npy")}
    assert len(before) == 25, "a group for each clip"
    random = np.random.default_rng(9)
    add_clip(own_project, "anna_9", said("eleven", 210.0, random), "eleven", "anna")
    ingested(own_project)
    make_utterances(own_project)
    after = {path: path.stat().st_mtime_ns for path in own_project.features.glob("shard-*.npy")}
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_damaged_codes_are_made_again(own_project, make_utterances):
    first = np.concatenate(make_utterances(own_project).clips.codes)
    (path,) = own_project.features.glob("codes-*.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert np.array_equal(np.concatenate(make_utterances(own_project).clips.codes), first)


def test_a_codec_of_another_rate_is_refused(make_utterances, own_project):
    params = own_project.params.read_text().replace("[8000]", "[8000, 16000]")
    own_project.params.write_text(params)
    ingested(own_project)
    with pytest.raises(UserError, match=r"takes audio at 8,000 Hz, and dataset.sample_rate_hz is"):
        make_utterances(own_project, dataset={"sample_rate_hz": 16_000})


def test_prepared_codes_and_tokens_are_what_training_asks_for(
    own_project, make_recipe, make_utterances
):
    recipe, params = make_recipe(), load_params(own_project.params)
    features = Features(own_project.features)
    prepared = prepare(recipe, own_project, params, features)
    folder = write_prepared(prepared, features, recipe.name, own_project)
    names = {path.name.partition("-")[0] for path in folder.glob("*-*") if path.suffix != ".sha256"}
    assert names == {"codes", "tokens", "tokenizer"}, "groups are no part of what is carried"
    for path in own_project.features.glob("*-*"):
        path.unlink()
    assert len(make_utterances(own_project).clips) == 25
    assert not [*own_project.features.glob("*-*")], "nothing was made again"
    figures = dict(prepared.figures)
    assert figures["speakers"] == "3 training and 2 evaluation"
    assert "4 codebooks of 16, 25 a second" in figures["codes"]


def test_usage_is_what_training_uses_and_encodes_nothing(own_project, make_recipe, make_utterances):
    recipe, params = make_recipe(), load_params(own_project.params)
    made = features_at(own_project, recipe)
    data, warning = used_clips(recipe, own_project, params, made.corpus)
    assert not codes_files(own_project)
    trained = make_utterances(own_project).data
    assert data.rows.tolist() == trained.rows.tolist()
    assert data.split.train.tolist() == trained.split.train.tolist()
    assert data.num_usable == trained.num_usable == 25
    assert warning == ""


def test_without_a_codec_the_recipe_that_trains_it_is_named(own_project, make_utterances):
    (own_project.recipes / "codec_tokens.toml").write_text("")
    with pytest.raises(UserError, match=r"codec codec_tokens is not trained yet.*cantus train"):
        make_utterances(own_project, codec=Codec(from_="codec_tokens"))


def test_a_published_tokenizer_is_taken_and_it_and_the_codec_are_published_files(
    own_project, make_recipe, make_utterances
):
    folder = own_project.root / "published" / "higgs"
    folder.mkdir(parents=True)
    published = new_tokens(["other words"], INSTRUCTION, 290)
    (folder / "tokenizer.json").write_text(published.content)
    model = Published(folder="published/higgs")
    assert make_utterances(own_project, model=model).assets.tokens.digest == published.digest
    names = [path.name for path in published_files(make_recipe(model=model), own_project)]
    assert names == ["config.json", "model.safetensors", "tokenizer.json"]
    trained = make_recipe(codec=Codec(from_="codec_tokens"))
    assert published_files(trained, own_project) == []


def test_a_mark_in_a_transcript_becomes_no_mark_in_a_sequence(own_project, make_utterances):
    random = np.random.default_rng(9)
    add_clip(own_project, "emil_9", said("a", 140.0, random), "so<|eot_id|>", "emil")
    ingested(own_project)
    utterances = make_utterances(own_project)
    assert {one.id: one.reason for one in utterances.eligible.left_out}["emil_9"] == (
        "text not in the tokenizer"
    )
    marks = [utterances.assets.tokens.id_of(mark) for mark in MARKS]
    assert not np.isin(np.concatenate(utterances.clips.texts), marks).any()


def test_another_instruction_or_tokenizer_is_another_meaning(make_utterances):
    plain = make_utterances()
    other = make_utterances(dataset={"instruction": "Say it."})
    assert plain.assets.digest != other.assets.digest
    smaller = make_utterances(model=evolve(SMALL, num_text_tokens=290))
    assert smaller.assets.digest != plain.assets.digest
