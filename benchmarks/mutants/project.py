"""The projects in which pieces train: one of each setup, and a light copy for each piece."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from attrs import frozen

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.setups.setup import Setup

HEALTHY, MUTANT = "healthy", "mutant"
_ROOT = Path(__file__).parents[2]
_SECOND = f"""
[start]
from = "{HEALTHY}"
pick = "last"
"""


@frozen
class Projects:
    """All projects of a campaign, below one folder."""

    folder: Path

    def base(self, setup: Setup) -> Path:
        """The project of a setup, whose corpus is ingested once and read by all pieces."""
        return self.folder / "base" / setup.system

    def parent(self, setup: Setup, seed: int) -> Path:
        """The healthy model of a seed, with which its second phases go on."""
        return self.folder / "parents" / setup.system / str(seed)

    def write_base(self, setup: Setup) -> Path:
        """Write a setup's project; its corpus is not ingested yet."""
        root = self.base(setup)
        shutil.rmtree(root, ignore_errors=True)
        setup.write_audio(_made(root / "data" / setup.corpus))
        if setup.publish is not None:
            setup.publish(root)
        _write_recipes(root, setup, None)
        _make_checkout(root)
        (root / "params.toml").write_text(setup.params(seed=1), encoding="utf-8")
        return root

    def piece(self, setup: Setup, operator: Operator | None, seed: int) -> Path:
        """A project for one run; its corpus is the setup's own unless the fault is in it."""
        base, name = self.base(setup), operator.name if operator else HEALTHY
        root = self.folder / "pieces" / setup.system / name / str(seed)
        shutil.rmtree(root, ignore_errors=True)
        _made(root / "models")
        if operator is not None and operator.data is not None:
            self._break_data(base, root, setup, operator.data, seed)
        else:
            (root / "data").symlink_to(base / "data")
            (root / "build").symlink_to(base / "build")
        if (base / "published").is_dir():
            (root / "published").symlink_to(base / "published")
        if operator is not None and operator.phase == "second":
            (root / "models" / HEALTHY).symlink_to(self.parent(setup, seed))
        _write_recipes(root, setup, operator)
        _make_checkout(root)
        (root / "params.toml").write_text(setup.params(seed), encoding="utf-8")
        return root

    def _break_data(
        self,
        base: Path,
        root: Path,
        setup: Setup,
        change: Callable[[Path, np.random.Generator], None],
        seed: int,
    ) -> None:
        shutil.copytree(base / "data", root / "data")
        change(root / "data" / setup.corpus, np.random.default_rng(seed))


def _write_recipes(root: Path, setup: Setup, operator: Operator | None) -> None:
    recipes = _made(root / "recipes")
    for path in (_ROOT / "recipes").glob("*.toml"):
        shutil.copy2(path, recipes)
    for path in (_ROOT / "recipes" / "demo").glob("*.toml"):  # a recipe may not extend a demo
        plain = path.read_text("utf-8").replace('extends = "../', 'extends = "')
        (recipes / f"demo_{path.name}").write_text(plain, encoding="utf-8")
    (root / "upstream").symlink_to(_ROOT / "upstream")
    (recipes / f"{HEALTHY}.toml").write_text(setup.recipe, encoding="utf-8")
    lines = [f'extends = "{HEALTHY}.toml"']
    if operator is not None and operator.phase == "second":
        lines += [_SECOND, setup.second_phase]
    if operator is not None and operator.recipe is not None:
        lines.append(operator.recipe(setup.anatomy))
    (recipes / f"{MUTANT}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_checkout(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet", root], check=True, timeout=60)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
