"""With a real git repository and real DVC."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

PARAMS = """\
# of this machine
profile = "demo"
seed = 1

[hardware]
num_threads = 1

[corpora.words]
source = "builtin"   # or mine
sample_rates_hz = [16_000]
"""
PROMPTS = "language\ttext\nen\tGood night.\n"
PIPELINE = """\
stages:
  list:
    cmd: find data -name '*.wav' | sort > list.txt
    deps: [data]
    outs: [{list.txt: {cache: false}}]
"""
SHIPPED = Path(__file__).parents[2]


def run(project, *command, check=True):
    named = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    env = os.environ | named | {"GIT_COMMITTER_EMAIL": "a@b"}
    command = [sys.executable, "-m", "dvc", *command[1:]] if command[0] == "dvc" else command
    answer = subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert not check or answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture
def mine(tmp_path_factory):
    """A folder of the user's own, with a README, a hidden file and two speakers."""
    folder = tmp_path_factory.mktemp("mine")
    for number, speaker in enumerate(("anna", "ben")):
        (folder / speaker).mkdir()
        tone = 0.5 * np.sin((number + 1) * 0.2 * np.arange(8_000))
        soundfile.write(folder / speaker / "yes.wav", tone, 16_000)
    (folder / "README").write_text("mine")
    (folder / ".hidden").write_text("hidden")
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project as it is shipped: prompts tracked by git, data.dvc a record only."""
    root = tmp_path_factory.mktemp("template")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    (root / "data" / "builtin").mkdir(parents=True)
    (root / "data" / "builtin" / "speech.tsv").write_text(PROMPTS)
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "recipes" / "README").write_text("none")
    shutil.copy(SHIPPED / ".gitignore", root)
    shutil.copy(SHIPPED / "data.dvc", root)
    run(root, "git", "init", "-q")
    run(root, "dvc", "init", "-q")
    run(root, "dvc", "config", "core.analytics", "false")
    run(root, "dvc", "commit", "-q", "-f", "data.dvc")
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-q", "-m", "start")
    return root


@pytest.fixture
def shipped(template, tmp_path, monkeypatch):
    """A copy of it; the working directory."""
    monkeypatch.chdir(shutil.copytree(template, tmp_path / "shipped"))
    return tmp_path / "shipped"


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_folder_is_copied_tracked_and_made_the_source(shipped, mine, cantus):
    before = contents(mine)
    answer = cantus("adopt", str(mine), "--speakers", "folder")
    assert answer.code == 0, answer.error
    assert "2 audio files" in answer.out
    assert "cantus ingest words" in answer.out
    assert contents(mine) == before
    assert set(contents(shipped / "data" / "words")) == {"README", "anna/yes.wav", "ben/yes.wav"}
    assert not (shipped / "data/words/anna/yes.wav").samefile(mine / "anna/yes.wav")
    params = (shipped / "params.toml").read_text()
    assert params.startswith("# of this machine\n")
    assert 'source = "data/words"   # or mine' in params
    assert 'speakers = "folder"' in params
    assert "deps: [build/corpora/words.toml, data/words]" in (shipped / "dvc.yaml").read_text()
    assert run(shipped, "git", "ls-files", "data") == "data/builtin/speech.tsv\n"
    changed = run(shipped, "git", "status", "--short", "--untracked-files=all").splitlines()
    assert changed == [" M dvc.yaml", " M params.toml", "?? data/words.dvc"]


@pytest.mark.slow
def test_an_experiment_in_another_folder_sees_the_adopted_audio(shipped, mine, cantus):
    assert cantus("adopt", str(mine)).code == 0
    run(shipped, "git", "add", "-A")
    run(shipped, "git", "commit", "-q", "-m", "adopt")
    run(shipped, "dvc", "exp", "run", "--temp", "-q", "-n", "trial", "list")
    refs = run(shipped, "git", "for-each-ref", "--format=%(refname)", "refs/exps").splitlines()
    (trial,) = [ref for ref in refs if ref.endswith("/trial")]
    seen = run(shipped, "git", "show", f"{trial}:list.txt")
    assert seen.splitlines() == ["data/words/anna/yes.wav", "data/words/ben/yes.wav"]


@pytest.mark.slow
def test_a_clone_runs_what_needs_no_adopted_audio_and_gets_that_from_a_remote(
    shipped, mine, cantus, tmp_path
):
    assert cantus("adopt", str(mine)).code == 0
    (tmp_path / "store").mkdir()
    run(shipped, "dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    run(shipped, "git", "add", "-A")
    run(shipped, "git", "commit", "-q", "-m", "adopt")
    run(shipped, "dvc", "push", "-q")
    run(tmp_path, "git", "clone", "-q", str(shipped), "clone")
    clone = tmp_path / "clone"
    assert (clone / "data" / "builtin" / "speech.tsv").read_text() == PROMPTS
    run(clone, "dvc", "repro", "-q", "data.dvc")
    run(clone, "dvc", "pull", "-q", "data/words.dvc")
    assert contents(clone / "data" / "words") == contents(shipped / "data" / "words")


@pytest.mark.slow
def test_adopting_the_same_again_changes_nothing_and_another_is_refused(shipped, mine, cantus):
    assert cantus("adopt", str(mine)).code == 0
    record = (shipped / "data" / "words.dvc").read_text()
    assert cantus("adopt", str(mine)).code == 0
    assert (shipped / "data" / "words.dvc").read_text() == record
    (mine / "README").write_text("changed")
    answer = cantus("adopt", str(mine))
    assert answer.code == 2
    assert "exists already and" in answer.error
    assert "rm -r" in answer.error
    assert (shipped / "data" / "words" / "README").read_text() == "mine"


def refusal(cantus, shipped, *words):
    """The sentence of a refused adoption, which must have changed nothing."""
    before = contents(shipped / "data"), (shipped / "params.toml").read_text()
    answer = cantus("adopt", *words)
    assert answer.code == 2
    assert (contents(shipped / "data"), (shipped / "params.toml").read_text()) == before
    return answer.error


@pytest.mark.slow
def test_what_cannot_be_adopted_is_refused_and_nothing_is_written(
    shipped, mine, cantus, tmp_path_factory
):
    empty = tmp_path_factory.mktemp("empty")
    (empty / "a.txt").write_text("text")
    assert "is not a folder" in refusal(cantus, shipped, str(mine / "missing"))
    assert "holds no audio file (passed over: .txt files: 1 (a.txt))" in refusal(
        cantus, shipped, str(empty)
    )
    assert "in this project's data/" in refusal(cantus, shipped, "data/builtin")
    assert "around the project" in refusal(cantus, shipped, str(shipped.parent))
    assert "[corpora.songs]" in refusal(cantus, shipped, str(mine), "--as", "songs")


def test_a_project_without_dvc_is_told_to_set_it_up(project, mine, cantus):
    (project / "data").mkdir()
    assert "Run 'dvc init'" in refusal(cantus, project, str(mine))


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_copied(
    project, mine, cantus, monkeypatch
):
    (project / ".dvc").mkdir()
    (project / "data").mkdir()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1_000))
    assert "Make room" in refusal(cantus, project, str(mine))


def test_help_has_examples(cantus):
    assert "cantus adopt ~/recordings" in cantus("adopt", "--help").out


@pytest.mark.slow
def test_columns_are_kept_in_params_and_the_next_adopt_forgets_them(shipped, mine, cantus):
    (mine / "list.txt").write_text("anna/yes.wav|anna\nben/yes.wav|ben\n")
    asked = cantus("adopt", str(mine))
    assert (asked.code, "--columns" in asked.error) == (2, True)
    assert "columns" not in (shipped / "params.toml").read_text()
    assert not (shipped / "data" / "words").exists()
    answer = cantus("adopt", str(mine), "--columns", "file,speaker")
    assert answer.code == 0, answer.error
    assert 'columns = ["file", "speaker"]' in (shipped / "params.toml").read_text()
    (mine / "list.txt").unlink()
    shutil.rmtree(shipped / "data" / "words")
    (shipped / "data" / "words.dvc").unlink()
    assert cantus("adopt", str(mine)).code == 0
    assert "columns" not in (shipped / "params.toml").read_text()


@pytest.mark.slow
def test_parquet_files_are_unpacked_and_read(shipped, cantus, tmp_path_factory):
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("hub")
    (folder / "data").mkdir()
    for part in ("train", "test"):
        clips = [io.BytesIO() for _ in range(2)]
        for number, clip in enumerate(clips):
            tone = 0.5 * np.sin((number + 1) * 0.1 * len(part) * np.arange(8_000))
            soundfile.write(clip, tone, 16_000, format="FLAC")
        columns = {
            "audio": [{"bytes": clip.getvalue(), "path": "a.flac"} for clip in clips],
            "text": [f"The first of {part}.", f"The second of {part}."],
            "mos": [4.5, 3.5],
        }
        pq.write_table(pa.table(columns), folder / "data" / f"{part}-00000-of-00001.parquet")
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    answer = cantus("adopt", str(folder))
    assert answer.code == 0, answer.error
    said = answer.out
    assert "passed over: .md files: 1 (README.md)" in said
    assert "mos" in said
    assert "data/words holds 4 audio files" in said
    assert cantus("adopt", str(folder)).code == 0
    names = sorted(path.name for path in (shipped / "data" / "words").rglob("*.flac"))
    assert names == ["0000000_a.flac"] * 2 + ["0000001_a.flac"] * 2
    assert not list((shipped / "build").glob(".adopted*"))
