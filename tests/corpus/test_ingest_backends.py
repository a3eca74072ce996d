import tempfile
from hashlib import sha256

import pytest

from engine.corpus import ingest
from engine.project import Project
from engine.recipe.params import Work
from tests.clusters import dask_cluster, ray_cluster


def _made(corpus):
    """Every file of a corpus and its checksum."""
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    return {str(one.relative_to(corpus)): sha256(one.read_bytes()).hexdigest() for one in files}


@pytest.fixture
def made_by(tmp_path, source, tone):
    """Ingests the same 71 files with some workers; gives what was made."""
    audio = tmp_path / "audio"
    for number in range(70):
        tone(audio / f"{number}.wav", hz=100 + 10 * number, seconds=0.2)
    (audio / "bad.wav").write_text("text")

    def run(name, work):
        project = Project(tmp_path / name)
        (project.root / "data").mkdir(parents=True)
        audio.rename(project.root / "data" / "words")
        ingest("words", source(at_most_bad=0.1), project, work=work)
        (project.root / "data" / "words").rename(audio)
        return _made(project.corpus("words"))

    return run


def test_dask_makes_the_same_corpus_as_this_machine_byte_for_byte(made_by):
    with dask_cluster() as address:
        cores = made_by("cores", Work(num_workers=2))
        assert "manifest.jsonl" in cores
        assert made_by("dask", Work(backend="dask", address=address)) == cores


def test_ray_makes_the_same_corpus_as_this_machine_byte_for_byte(made_by):
    with tempfile.TemporaryDirectory() as folder, ray_cluster(folder) as address:
        cores = made_by("cores", Work(num_workers=2))
        assert made_by("ray", Work(backend="ray", address=address)) == cores
