import json

import numpy as np
import pytest
from attrs import frozen

from engine.analysis.codec.folder import codec_folder
from engine.analysis.codec.trained_on import codec_leaks
from engine.errors import UserError
from engine.evaluation.audio import SPAN, ClipAudio
from engine.evaluation.digests import NUM_BYTES
from engine.evaluation.lineage import write_lineage
from engine.project import Project


@frozen
class Table:
    """A recipe's table `codec`."""

    from_: str | None = None
    folder: str | None = None


@pytest.fixture
def project(tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "tokens.toml").touch()
    return Project(tmp_path)


def test_a_published_folder_lies_in_the_project(project):
    (project.root / "published" / "codec").mkdir(parents=True)
    found = codec_folder(Table(folder="published/codec"), project)
    assert found == project.root / "published" / "codec"


def test_a_published_folder_that_is_missing_says_how_to_get_it(project):
    with pytest.raises(UserError, match=r"codec.folder names.*cantus fetch higgs_audio_v2_tokeni"):
        codec_folder(Table(folder="published/codec"), project)


def test_a_trained_codec_is_its_recipes_export(project):
    folder = project.model("tokens") / "export" / "transformers"
    folder.mkdir(parents=True)
    (folder / "config.json").touch()
    assert codec_folder(Table(from_="tokens"), project) == folder


def test_a_codec_that_is_not_trained_yet_says_how_to_train_it(project):
    match = r"codec tokens is not trained yet.*: dvc repro tokens, or.* cantus train tokens"
    with pytest.raises(UserError, match=match):
        codec_folder(Table(from_="tokens"), project)


def test_a_codec_that_no_recipe_trains_is_named(project):
    with pytest.raises(UserError, match=r"no recipe 'others' in .* which codec.from names"):
        codec_folder(Table(from_="others"), project)


def test_a_codec_that_transformers_cannot_express_says_why(project):
    export = project.model("tokens") / "export"
    export.mkdir(parents=True)
    (export / "codec.json").write_text(json.dumps({"transformers": "a stride is odd"}))
    with pytest.raises(UserError, match=r"no model for it: a stride is odd\. Choose other strides"):
        codec_folder(Table(from_="tokens"), project)


# ---- what the codec was trained on ----


def clips(*numbers):
    digests = np.array([[n] * NUM_BYTES for n in numbers], np.uint8).reshape(-1, NUM_BYTES)
    spans = np.array([(n, 0.0, 1.0) for n in numbers], SPAN)
    return ClipAudio(digests, spans)


def lineage(project, own, ancestors=None):
    ids = [str(number) for number in range(len(own.digests))]
    write_lineage(project.model("tokens"), ids, own, ancestors or {})


def test_evaluation_clips_that_the_codec_was_trained_on_are_counted(project):
    lineage(project, clips(1, 2, 3))
    said = codec_leaks(Table(from_="tokens"), project, clips(2, 3, 9, 10))
    assert said.startswith("The codec tokens was trained on 2 of the 4 evaluation clips")


def test_those_of_an_earlier_phase_count_too_and_once(project):
    lineage(project, clips(1, 2), {"before": clips(2, 9)})
    said = codec_leaks(Table(from_="tokens"), project, clips(2, 9, 10))
    assert "on 2 of the 3" in said


def test_a_codec_that_was_trained_on_none_of_them_is_not_mentioned(project):
    lineage(project, clips(1, 2))
    assert codec_leaks(Table(from_="tokens"), project, clips(3)) is None


def test_of_a_published_codec_it_is_not_known(project):
    assert "not known" in codec_leaks(Table(folder="published/codec"), project, clips(3))


def test_a_model_without_lineage_is_an_error(project):
    with pytest.raises(UserError, match="the clips the weights were trained on are unknown"):
        codec_leaks(Table(from_="tokens"), project, clips(3))
