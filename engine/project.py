"""A project's folders and files: the root and the places below it."""

from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.programs import git, is_git_checkout

LATEST = "latest"
AS_WRITTEN = "full"
"""The profile under which every recipe runs as written; it has no folder."""


@frozen
class Project:
    """A checkout of Cantus, or of a project that is laid out like it."""

    root: Path

    @property
    def recipes(self) -> Path:
        """The recipes, a TOML file each."""
        return self.root / "recipes"

    @property
    def params(self) -> Path:
        """params.toml: settings of this machine and this project."""
        return self.root / "params.toml"

    @property
    def dvc_yaml(self) -> Path:
        """DVC's stages, which `cantus pipeline` writes."""
        return self.root / "dvc.yaml"

    def recipe(self, name: str, profile: str = AS_WRITTEN) -> Path:
        """The file of a recipe given by name, its variant for a profile if any, or by path.

        Raises UserError where there is no such profile.
        """
        path = Path(name)
        if path.suffix == ".toml":
            return path
        variant = self.profile(profile) / f"{name}.toml"
        return variant if variant.is_file() else self.recipes / f"{name}.toml"

    def profile(self, name: str) -> Path:
        """The folder of a profile's recipes. Raises UserError where it does not exist."""
        folder = self.recipes if name == AS_WRITTEN else self.recipes / name
        if name != AS_WRITTEN and not folder.is_dir():
            there_are = [AS_WRITTEN, *(path.name for path in self.profiles())]
            raise UserError(
                f"There is no profile '{name}': the folder recipes/{name} does not exist (there "
                f"are: {', '.join(there_are)}). Set profile in params.toml to one of them, or make "
                "the folder.",
                there_are,
            )
        return folder

    def profiles(self) -> list[Path]:
        """The folder of every profile: those below recipes/ that hold recipes."""
        return sorted({path.parent for path in self.recipes.glob("*/*.toml")})

    def upstream(self, name: str) -> Path:
        """A published setup that recipes follow, itself a recipe."""
        return self.root / "upstream" / f"{name}.toml"

    def corpus(self, name: str) -> Path:
        """An ingested corpus: manifest, quarantine, packed audio."""
        return self.root / "build" / "corpus" / name

    def ingest(self, name: str) -> Path:
        """The cache of a corpus's ingest: measured shards, and the states of its files."""
        return self.root / "build" / "ingest" / name

    def resolved_recipe(self, name: str) -> Path:
        """The recipe as DVC sees it: inheritance, profile and defaults filled in."""
        return self.root / "build" / "recipes" / f"{name}.toml"

    def resolved_data(self, name: str) -> Path:
        """The part of a resolved recipe that decides its clips and their features."""
        return self.root / "build" / "recipes" / f"{name}.data.toml"

    def resolved_corpus(self, name: str) -> Path:
        """All that determines a corpus: its settings and the code that decodes and measures."""
        return self.root / "build" / "corpora" / f"{name}.toml"

    def prepared(self, name: str) -> Path:
        """A recipe's precomputed features, and tables of its clips."""
        return self.root / "build" / "prepared" / name

    @property
    def features(self) -> Path:
        """The cache of computed features."""
        return self.root / "build" / "features"

    @property
    def checkout(self) -> Path:
        """The user's own checkout, also where DVC runs an experiment in a temporary copy."""
        parts = self.root.parts
        for place in range(len(parts) - 2):
            if parts[place : place + 3] == (".dvc", "tmp", "exps"):
                return Path(*parts[:place])
        return self.root

    def ui_address(self, tracker: str) -> Path:
        """The file with the address and key of `cantus ui` for a tracker, while it runs."""
        return self.checkout / "build" / f"ui-{tracker}"

    def runs(self, recipe: str) -> Path:
        """Resumable state of a recipe's runs, one folder per identity.

        That of experiments is in the user's checkout, apart from that of other runs: DVC deletes
        the copy of an experiment that is stopped, and queued again it continues.
        """
        if self.checkout != self.root:
            return self.checkout / "build" / "experiments" / recipe
        return self.root / "runs" / recipe

    def latest_run(self, recipe: str) -> Path:
        """The file that names a recipe's latest run, since file times are not reliable."""
        return self.runs(recipe) / LATEST

    def model(self, recipe: str) -> Path:
        """The model of a recipe: weights, export, samples, report."""
        return self.root / "models" / recipe

    @property
    def promoted(self) -> Path:
        """Promoted models: their files, tracked by DVC, and the decisions, tracked by git."""
        return self.root / "promoted"

    def seeds(self, recipe: str) -> Path:
        """What a recipe's runs with several seeds measured, a folder each, and their spread."""
        return self.root / "seeds" / recipe

    def seeds_metrics(self, recipe: str) -> Path:
        """The spread over seeds as DVC's metrics."""
        return self.root / "metrics" / "seeds" / f"{recipe}.json"

    def metrics(self, recipe: str) -> Path:
        """The metrics file DVC compares."""
        return self.root / "metrics" / f"{recipe}.json"

    def evaluation_clips(self, recipe: str) -> Path:
        """The clips that a trained recipe was evaluated on, with its figures on each."""
        return self.model(recipe) / "evaluation" / "clips.tsv"

    def frozen_evaluation(self, name: str) -> Path:
        """A pinned evaluation set, which stays the same while its corpus grows; tracked by git."""
        return self.root / "evaluation" / f"{name}.tsv"

    @property
    def listening(self) -> Path:
        """Listening tests, a folder each: which file is which, and the listeners' answers."""
        return self.checkout / "listening"

    def plots(self, recipe: str) -> Path:
        """The folder of the curves DVC draws."""
        return self.root / "plots" / recipe


def find_project(start: Path | None = None) -> Project:
    """The project around `start` (the working directory). Raises UserError outside of one."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "params.toml").is_file() and (folder / "recipes").is_dir():
            return Project(folder)
    raise UserError(
        f"{here} lies in no Cantus project: no folder above it holds params.toml and recipes/. "
        "Change into your checkout and try again."
    )


def require_git(project: Project) -> None:
    """Raise UserError where the project is no git checkout, which DVC needs, or git refuses it."""
    if not is_git_checkout(project.root):
        raise UserError(
            f"{project.root} is not a git checkout, so DVC cannot track it. Clone the repository, "
            "or run 'git init && git add -A && git commit -m start' here."
        )
    git(project.root, "rev-parse", "--show-toplevel")
