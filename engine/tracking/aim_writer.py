"""What each event of a run becomes in Aim. Importing aim takes seconds: only the mirror may."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aim.sdk.objects.audio import Audio
from aim.sdk.objects.image import Image
from aim.sdk.objects.text import Text
from aim.sdk.repo import Repo
from aim.sdk.run import Run

from engine.files.lock import lock
from engine.files.untrusted import leads_inside
from engine.project import Project
from engine.tracking.aim_repository import AimRepository
from engine.tracking.events import Event

_LARGEST_INT = 2**63 - 1
_SUBSETS = {"audio": "sample", "image": "picture"}
"""A sample's sound and its picture have one name: Aim keeps one type of value under a name."""


def open_repo(repository: AimRepository) -> Repo:
    """The Aim repository; one in a folder is made where it is missing.

    Made under a lock on the folder: of six processes that made one at the same time five died.
    """
    if repository.is_server:
        server: Repo = Repo.from_path(repository.place)
        return server
    path = Path(repository.place)
    with lock(path):
        made = (path / ".aim" / "VERSION").is_file()
        repo: Repo = Repo.from_path(str(path), init=not made)
    return repo


class AimWriter:
    """One run in Aim. Writing an event again overwrites what it wrote before."""

    def __init__(
        self, repo: Repo, run_folder: Path, run_hash: str | None, about: Mapping[str, Any]
    ) -> None:
        self._repo, self._folder = repo, run_folder
        self._recipe = tomllib.loads((run_folder / "recipe.toml").read_text(encoding="utf-8"))
        self._run = Run(
            run_hash=run_hash,
            repo=repo,
            experiment=self._recipe["system"],
            system_tracking_interval=None,
            log_system_params=False,
            capture_terminal_logs=False,
        )
        self._describe(about)

    @property
    def run_hash(self) -> str:
        """Aim's name of the run."""
        return str(self._run.hash)

    @property
    def best_metric(self) -> str:
        """What picks the run's best checkpoint, by its name in Aim."""
        return _subset(self._recipe["training"]["best"])[1]

    def can_write(self, event: Event) -> bool:
        """Whether the files that the event names are there yet."""
        samples = event.facts["samples"] if event.kind == "sample" else ()
        return all(find_sample(self._folder, sample) is not None for sample in samples)

    def write(self, event: Event) -> None:
        """Mirror one event: its metrics, and what its kind says besides."""
        for name, value in event.metrics.items():
            if value is not None:
                subset, short = _subset(name)
                self._track(value, short, event, subset)
        match event.kind:
            case "start":
                self._run["facts"] = plain(event.facts)
            case "sample":
                self._write_samples(event)
            case "guard":
                self._say(_guard_text(event.facts), "guard", event, event.facts["name"])
            case "warning":
                message = str(event.facts["message"])
                self._say(message, "warning", event, message[:40])
            case "resume" | "stop" | "finish":
                self._run["state"] = {"kind": event.kind, **plain(event.facts)}

    def flush(self) -> None:
        """Wait until a server has all that was written: what is only under way may never arrive."""
        if self._repo.is_remote_repo:
            client: Any = self._repo._client
            client.get_queue().wait_for_finish()

    def close(self) -> None:
        """Mark the run as ended."""
        self._run.close()

    def _describe(self, about: Mapping[str, Any]) -> None:
        self._run.name = about["recipe"]
        self._run.description = self._recipe["summary"]
        if about["recipe"] not in self._run.tags:
            self._run.add_tag(about["recipe"])
        for key in ("project", "recipe", "identity", "parent", "command", "overrides"):
            self._run[key] = about.get(key)
        self._run["hparams"] = plain(self._recipe)

    def _write_samples(self, event: Event) -> None:
        for sample in event.facts["samples"]:
            path = find_sample(self._folder, sample)
            if path is not None:
                made = _sample(path, sample["kind"], sample.get("caption", ""))
                self._track(made, sample["name"], event, _SUBSETS[sample["kind"]])

    def _say(self, words: str, name: str, event: Event, subset: str) -> None:
        self._track(Text(words), name, event, subset)  # type: ignore[no-untyped-call]

    def _track(self, value: Any, name: str, event: Event, subset: str) -> None:
        context = {"subset": subset}
        self._run.track(value, name=name, step=event.step, epoch=int(event.epoch), context=context)


def find_sample(run_folder: Path, sample: Mapping[str, Any]) -> Path | None:
    """The file of a sample: in the run's folder, or in the model that the run became."""
    if not leads_inside(sample["path"]):
        return None
    model = Project(run_folder.parents[2]).model(run_folder.parent.name)
    paths = (folder / sample["path"] for folder in (run_folder, model))
    return next((path for path in paths if path.is_file()), None)


def plain(value: Any) -> Any:
    """`value` in types that Aim stores: what it refuses (dates, sets, huge integers) as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int) and abs(value) > _LARGEST_INT:
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _subset(name: str) -> tuple[str, str]:
    """`eval/rmse_db` is rmse_db of eval, `baseline/grid/rmse_db` rmse_db of baseline/grid.

    One name for one quantity lets Aim draw the subsets of a metric in one chart.
    """
    parts = name.split("/")
    cut = 2 if parts[0] == "baseline" and len(parts) > 2 else 1
    return ("/".join(parts[:cut]), "/".join(parts[cut:])) if len(parts) > 1 else ("run", name)


def _sample(path: Path, kind: str, caption: str) -> Audio | Image:
    if kind == "audio":
        return Audio(path.read_bytes(), format=path.suffix[1:], caption=caption)
    return Image(str(path), caption=caption)


def _guard_text(facts: Mapping[str, Any]) -> str:
    said = f"{facts['action']}: {facts['metric']} was {facts['value']}, but {facts['condition']}"
    return f"{said}, because {facts['because']}" if facts.get("because") else said
