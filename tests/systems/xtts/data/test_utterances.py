"""What is made of clips before training: the same wherever it is kept, anew with another DVAE."""

import shutil

import pytest
import torch

from engine.errors import UserError
from engine.project import Project
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings
from engine.systems.xtts.prepare import published_files
from engine.systems.xtts.recipe import Published
from engine.systems.xtts.system import build
from tests.systems.xtts.small_project import load_params_of

PUBLISHED = Published(folder="published/tiny", dropout=0.0)


@pytest.fixture
def project(spoken_project, tmp_path):
    """A copy of the project in which nothing was made yet."""
    root = tmp_path / "project"
    shutil.copytree(spoken_project.root, root)
    shutil.rmtree(root / "build" / "features", ignore_errors=True)
    return Project(root)


def built(recipe, project):
    torch.manual_seed(1)
    return build(recipe, project, load_params_of(project))


def put_dvae(folder, seed):
    torch.manual_seed(seed)
    small = DvaeSettings(num_codes=16, codebook_dim=8, hidden_dim=8, num_resnet_blocks=1)
    torch.save(Dvae(small).state_dict(), folder / "dvae.pth")


@pytest.fixture
def published(project, make_xtts_recipe):
    """A published folder of small files, without the vocoder's weights."""
    folder = project.root / PUBLISHED.folder
    system = built(make_xtts_recipe(), project)
    system.export(folder)
    torch.save(system.assets.mel_stats, folder / "mel_stats.pth")
    put_dvae(folder, seed=3)
    return folder


def test_networks_begin_alike_whether_codes_were_fitted_or_found(project, make_xtts_recipe):
    recipe = make_xtts_recipe()
    fitted, found = built(recipe, project), built(recipe, project)
    pairs = zip(fitted.module.state_dict().items(), found.module.state_dict().items(), strict=True)
    assert all(one[0] == other[0] and one[1].equal(other[1]) for one, other in pairs)
    assert fitted.data_digest == found.data_digest


def test_codes_are_made_anew_with_another_dvae_and_tokens_are_not(
    project, published, make_xtts_recipe
):
    recipe = make_xtts_recipe(model=PUBLISHED)
    names = []
    for seed in (3, 4):
        put_dvae(published, seed)
        built(recipe, project)
        names.append({path.name for path in project.features.glob("*-*.np?")})
    (new,) = names[1] - names[0]
    assert new.startswith("codes-")


def test_the_published_files_that_features_are_made_with_are_named(
    project, published, make_xtts_recipe
):
    names = [path.name for path in published_files(make_xtts_recipe(model=PUBLISHED), project)]
    assert sorted(names) == ["config.json", "dvae.pth", "mel_stats.pth", "vocab.json"]
    assert published_files(make_xtts_recipe(), project) == []
    (published / "dvae.pth").unlink()
    with pytest.raises(UserError, match=r"lacks dvae\.pth"):
        published_files(make_xtts_recipe(model=PUBLISHED), project)
