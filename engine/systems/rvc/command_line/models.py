"""The model that `cantus convert` is given: its files and what measures its input. No torch."""

from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.project import Project, find_project
from engine.system_support.trained_model import trained_model
from engine.systems.rvc.dataset_table import Content, ContentVec, Fcpe, Pitch
from engine.systems.rvc.recipe import RvcRecipe


@frozen(kw_only=True)
class Asked:
    """The options of the command line that concern the voice."""

    model: str
    speaker: str | None = None
    pitch: str | None = None
    index: Path | None = None
    index_rate: float | None = None
    content: Path | None = None
    moves_pitch: bool = False
    needs_median: bool = False
    device: str = "auto"


@frozen(kw_only=True)
class ConvertingModel:
    """A `.pth`, and the methods by which it takes pitch and content."""

    path: Path
    pitch: Pitch
    content: Content
    index: Path | None
    noise_scale: float | None = None
    """None where no recipe says it."""


def project_of(asked: Asked) -> Project:
    """The project around; a .pth needs none, and published files are then looked for here."""
    try:
        return find_project()
    except UserError:
        if Path(asked.model).suffix != ".pth":
            raise
        return Project(Path.cwd())


def find_model(asked: Asked, project: Project) -> ConvertingModel:
    """A trained recipe's export, or the .pth that is named.

    Raises UserError where there is none, where published files that it needs are missing, and
    where several retrieval indices lie beside a .pth.
    """
    if Path(asked.model).suffix == ".pth":
        return _pth(asked, project)
    return _trained(asked, project)


def _pth(asked: Asked, project: Project) -> ConvertingModel:
    given = asked.content
    content = ContentVec() if given is None else ContentVec(folder=str(given.absolute()))
    if not (project.root / content.folder).is_dir():
        raise UserError(
            f"{asked.model} converts content features of ContentVec, and there is no folder "
            f"{project.root / content.folder}: 'cantus fetch contentvec' makes it, or give "
            "--content, a folder of ContentVec as `transformers` reads it. A voice that was "
            "trained here, whatever its content features, is converted by its recipe's name."
        )
    index = _index_beside(asked) if asked.index is None else asked.index
    return ConvertingModel(path=Path(asked.model), pitch=Fcpe(), content=content, index=index)


def _index_beside(asked: Asked) -> Path | None:
    """The index in the folder of a .pth. Raises UserError where it is not clear which is meant."""
    if asked.index_rate == 0:
        return None
    found = sorted(Path(asked.model).parent.glob("added_*.index"))
    if len(found) > 1:
        raise UserError(
            f"Beside {asked.model} are {len(found)} retrieval indices: "
            f"{', '.join(path.name for path in found)}. Name the model's with --index, or "
            "convert without an index: --index-rate 0"
        )
    return found[0] if found else None


def _trained(asked: Asked, project: Project) -> ConvertingModel:
    for option, given in (("--index", asked.index), ("--content", asked.content)):
        if given is not None:
            raise UserError(f"{option} is for a MODEL that is a .pth: a recipe has its own.")
    hint = "a model of RVC WebUI or Applio must end in .pth"
    found = trained_model(project, asked.model, RvcRecipe, "*.pth", "voice of RVC", hint)
    indices = sorted(found.export.glob("added_*.index"))
    return ConvertingModel(
        path=next(iter(sorted(found.export.glob("*.pth")))),
        pitch=found.recipe.dataset.pitch,
        content=found.recipe.dataset.content,
        index=indices[0] if indices else None,
        noise_scale=found.recipe.conversion.noise_scale,
    )
