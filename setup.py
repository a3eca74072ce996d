"""What pyproject.toml cannot say: the wheel holds the files of a project, for `cantus init`."""

from pathlib import Path
from runpy import run_path

from setuptools import setup
from setuptools.command.build_py import build_py

_HERE = Path(__file__).parent
_LIST = run_path(str(_HERE / "engine" / "project_files.py"))
_Files = tuple[str, str, str, list[str]]
"""A package, the folder its files are copied from, where they go, their names."""


class _WithProject(build_py):
    """Copies the repository's own recipes, prompts, settings and pages into the package."""

    def _get_data_files(self) -> list[_Files]:
        return [*super()._get_data_files(), self._project()]

    def get_data_files_without_manifest(self) -> list[_Files]:
        """What a source distribution holds besides code."""
        return [*super().get_data_files_without_manifest(), self._project()]

    def _project(self) -> _Files:
        target = Path(self.build_lib) / "engine" / _LIST["IN_A_WHEEL"]
        return "engine", ".", str(target), _LIST["shipped_files"](_HERE)


setup(cmdclass={"build_py": _WithProject})
