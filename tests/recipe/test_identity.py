import hashlib
from collections.abc import Iterable

import attrs
import pytest

from engine.recipe import load_recipe, recipe_identity
from engine.recipe.schema import SCHEMA_VERSION, Recipe
from engine.recipe.tables import Section, keys_of, kind_of, toml_key, walk
from engine.system_support.discovery import recipe_classes

COMMON = (2, "af73f953bb28")
SYSTEMS = {
    "codec": (1, "873b9665516d"),
    "codec_lm": (1, "673e16b93588"),
    "rvc": (1, "998f084f3613"),
    "vqvae": (1, "ae659f703fa5"),
    "xtts": (1, "976207ba7352"),
}
"""Version and fingerprint of the common tables and of each system's own. A changed one asks:
does every old recipe still say the same, and do old checkpoints still load? If not, raise
SCHEMA_VERSION, or the recipe class's `version`. Then pin the new fingerprint."""


def test_the_common_tables_are_the_pinned_ones():
    assert (SCHEMA_VERSION, _fingerprint(walk(Recipe))) == COMMON


def test_each_systems_tables_are_the_pinned_ones():
    common = {section.path for section in walk(Recipe)}
    found = {
        word: (system.version, _fingerprint(s for s in walk(system) if s.path not in common))
        for word, system in recipe_classes().items()
    }
    assert found == SYSTEMS


def test_twelve_hex_digits_that_stay_the_same(load):
    identity = recipe_identity(load())
    assert len(identity) == 12
    assert int(identity, 16) >= 0
    assert recipe_identity(load()) == identity


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"# a comment\n{text}",
        lambda text: text.replace('"a test"', '"another summary"'),
        lambda text: text.replace("epochs = 5\nbatch_size = 64", "batch_size = 64\nepochs = 5"),
        lambda text: text.replace("1e-3", "0.001"),
        lambda text: text.replace("codebook = 1.0", "codebook = 1"),
        lambda text: text + "log_every_steps = 3\n",
        lambda text: text + "\n[samples]\nnum_clips = 9\n",
        lambda text: text + "\n[guard]\n'eval/loss' = { below = 9.0 }\n",
        lambda text: text + "\n[expect]\n'eval/loss' = { epochs = [1], low = [1.0] }\n",
        lambda text: text.replace('name = "words"\n', ""),
        lambda text: text + "\n[schedule.autoencoder]\nkind = 'constant'\n",
        lambda text: text + "precision = 'fp32'\n",
    ],
)
def test_what_does_not_change_learning_does_not_change_it(load, minimal, change):
    assert change(minimal) != minimal
    assert recipe_identity(load(change(minimal))) == recipe_identity(load(minimal))


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=6",
        "training.precision=bf16",
        "optimizer.autoencoder.betas=[0.5, 0.9]",
        "dataset.window=loudest",
        "schedule.autoencoder.kind=cosine",
    ],
)
def test_what_changes_learning_changes_it(load, minimal, override):
    assert recipe_identity(load(minimal, override)) != recipe_identity(load(minimal))


def test_an_inherited_value_changes_it(write, minimal):
    child = write('extends = "parent.toml"\n')
    identities = set()
    for epochs in (5, 6):
        write(minimal.replace("epochs = 5", f"epochs = {epochs}"), "parent")
        identities.add(recipe_identity(load_recipe(child, classes=recipe_classes())))
    assert len(identities) == 2


def test_the_context_changes_it_whatever_its_order(load):
    recipe = load()
    assert recipe_identity(recipe, seed=1) != recipe_identity(recipe, seed=2)
    assert recipe_identity(recipe, seed=1, data="x") == recipe_identity(recipe, data="x", seed=1)


def _fingerprint(sections: Iterable[Section]) -> str:
    """Over every setting: its path, type, default and whether it counts."""
    lines = [
        f"{section.path} {kind_of(section.table)} {toml_key(key)} {key.type} "
        f"{_default(key)} {key.metadata['identity']}"
        for section in sections
        for key in keys_of(section.table)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _default(key) -> str:
    factory = isinstance(key.default, attrs.Factory)
    return "factory" if factory else repr(key.default)
