"""Two finished models of two recipes of a project."""

from pathlib import Path

import numpy as np

from engine.project import Project
from engine.recipe import load_recipe, write_recipe
from engine.system_support.discovery import recipe_classes
from tests.run_folders import make_finished


def make_models(root: Path, recipe: str) -> Path:
    """The recipes `words` and `other`, each with a model, that of `other` better by 0.5 dB."""
    text = recipe.replace('name = "words"', 'name = "other"').replace("1e-3", "3e-3")
    (root / "recipes" / "other.toml").write_text(text)
    demo = root / "recipes" / "demo"
    (demo / "other.toml").write_text((demo / "words.toml").read_text().replace("words", "other"))
    clips = np.linspace(1.0, 9.0, 40)
    for name, change in (("words", 0.0), ("other", -0.5)):
        folder = Project(root).model(name)
        noise = 0.1 * np.sin(np.arange(40.0)) if change else 0.0
        make_finished(folder, {"rmse_db": clips + change + noise, "reconstruction": clips})
        loaded = load_recipe(Project(root).recipe(name, "demo"), classes=recipe_classes())
        write_recipe(loaded, folder / "recipe.toml")
    return root
