import numpy as np
import pytest
import soundfile

from engine.corpus import ingest
from engine.recipe import load_params
from engine.recipe.params import Work
from tests.systems.used_as_said import used_as_said


@pytest.mark.parametrize("dataset", [{}, {"num_train_clips": 5}])
def test_ingest_says_what_training_uses(speech, make_codec_recipe, dataset):
    found, used, training, evaluation = used_as_said(make_codec_recipe(dataset=dataset), speech)
    assert (found, used, evaluation) == (24, 24, 4)
    assert training == dataset.get("num_train_clips", training)


def test_silent_clips_are_not_counted_as_used(project, make_codec_recipe):
    recipe = make_codec_recipe(dataset={"num_eval_clips": None})
    rate = recipe.dataset.sample_rate_hz
    for number in range(12):
        path = project.root / "data" / "speech" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        level = 1e-4 if number % 3 == 0 else 0.1
        samples = level * np.sin(2 * np.pi * (200 + 20 * number) * np.arange(rate) / rate)
        samples[0] = 0.02  # a click, which is what ingest hears of a silent clip
        soundfile.write(path, samples, rate, subtype="PCM_16")
    ingest(
        "speech", load_params(project.params).corpora["speech"], project, work=Work(num_workers=1)
    )
    assert used_as_said(recipe, project)[:2] == (12, 8)


@pytest.fixture
def project(speech, tmp_path):
    """A project like that of the small corpus, which a test fills."""
    from engine.project import Project

    (tmp_path / "recipes").mkdir()
    (tmp_path / "params.toml").write_text(speech.params.read_text())
    return Project(tmp_path)
