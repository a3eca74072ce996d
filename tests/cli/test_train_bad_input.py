"""Bad input of `cantus train`: a sentence that says what to do, exit code 2, nothing written."""

import shutil

import numpy as np
import pytest
import soundfile

WORDS = ("yes", "no", "up")


@pytest.fixture
def words(project):
    """Twelve small recordings of three words as the project's corpus, its params pointing at it."""
    random = np.random.default_rng(0)
    for number in range(12):
        path = project / "data/words" / WORDS[number % 3] / f"s{number % 4}_nohash_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * random.standard_normal(16_000), 16_000)
    change(project / "params.toml", 'source = "builtin"', 'source = "data/words"')
    change(project / "recipes/words.toml", "batch_size = 64", "batch_size = 4")
    return project


@pytest.fixture
def ingested(words, cantus):
    assert cantus("ingest", "words").code == 0
    return words


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(cantus, project, *words, says):
    """The command leaves with 2 and a short message holding each of `says`; no run is begun."""
    answer = cantus(*words)
    assert answer.code == 2, answer.error
    assert "Traceback" not in answer.error
    for part in says:
        assert part in answer.error
    assert len(answer.error) < 700
    assert not any((project / name).exists() for name in ("runs", "models", "metrics", "plots"))
    return answer.error


def test_an_unknown_key_is_named_with_file_and_line(cantus, project):
    change(project / "recipes/words.toml", "batch_size = 64", "batch_szie = 64")
    says = ["words.toml:", "training.batch_szie", "batch_size"]
    refused(cantus, project, "train", "words", says=says)


def test_a_recipe_that_extends_itself(cantus, project):
    change(project / "recipes/words.toml", "schema = 2", 'schema = 2\nextends = "words.toml"')
    refused(cantus, project, "train", "words", says=["words.toml", "extends"])


def test_a_recipe_that_does_not_exist(cantus, project):
    refused(cantus, project, "train", "wrods", says=["wrods", "words"])


def test_a_corpus_that_params_does_not_have(cantus, project):
    change(project / "recipes/words.toml", 'corpus = "words"', 'corpus = "wrods"')
    refused(cantus, project, "train", "words", says=["wrods", "params.toml", "words"])


def test_a_corpus_whose_folder_does_not_exist(cantus, words):
    shutil.rmtree(words / "data")
    refused(cantus, words, "ingest", "words", says=["data/words"])
    assert not any((words / "build/corpus").rglob("*"))


def test_a_corpus_that_was_never_ingested(cantus, words):
    refused(cantus, words, "train", "words", says=["cantus ingest words"])


def test_an_empty_corpus(cantus, words):
    for path in words.glob("data/words/*/*"):
        path.unlink()
    refused(cantus, words, "ingest", "words", says=["data/words"])
    assert not (words / "build/corpus/words").exists()


def test_a_manifest_that_is_missing(cantus, ingested):
    (ingested / "build/corpus/words/manifest.jsonl").unlink()
    refused(cantus, ingested, "train", "words", says=["manifest.jsonl", "ingest"])


def test_packed_audio_that_is_missing_or_cut_short(cantus, ingested):
    (shard,) = ingested.glob("build/corpus/words/audio/16000/*.pcm")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-2])
    refused(cantus, ingested, "train", "words", says=["ingest"])
    shard.unlink()
    refused(cantus, ingested, "train", "words", says=["ingest"])


def test_a_corpus_smaller_than_a_batch(cantus, ingested):
    assert "fewer than a batch" not in cantus("check", "words").out
    change(ingested / "recipes/words.toml", "batch_size = 4", "batch_size = 64")
    assert "training clips, fewer than a batch of 64. Add" in cantus("check", "words").out
    refused(cantus, ingested, "train", "words", says=["fewer than a batch", "64"])


def test_no_evaluation_clips(cantus, ingested):
    change(
        ingested / "recipes/words.toml",
        'corpus = "words"',
        'corpus = "words"\nsplit = "random"\neval_share = 0.01',
    )
    refused(cantus, ingested, "train", "words", says=["evaluation"])


def test_a_sample_rate_the_corpus_is_not_packed_at(cantus, ingested):
    change(ingested / "params.toml", "[16_000]", "[8_000]")
    assert cantus("ingest", "words").code == 0
    refused(cantus, ingested, "train", "words", says=["16,000", "sample_rates_hz"])


def test_a_copy_that_is_no_git_checkout(cantus, words):
    shutil.rmtree(words / ".git")
    refused(cantus, words, "train", "words", says=["git init"])
    refused(cantus, words, "check", says=["git init"])


def test_a_folder_outside_any_project(cantus, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    refused(cantus, elsewhere, "train", "words", says=["no Cantus project"])


def test_a_device_that_is_not_there(cantus, ingested):
    change(ingested / "params.toml", "num_threads = 1", 'num_threads = 1\ndevice = "cuda"')
    refused(cantus, ingested, "train", "words", says=["cuda", "'auto' or 'cpu'"])


def test_debug_shows_the_traceback(project, monkeypatch):
    from engine.cli import main
    from engine.errors import UserError

    with pytest.raises(UserError):
        main(["train", "wrods", "--debug"])
