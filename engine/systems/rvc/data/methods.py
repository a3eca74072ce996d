"""The pitch method and the content encoder of a recipe's dataset table."""

from collections.abc import Sequence

import torch
from attrs import asdict, frozen

from engine.analysis.content.encoder import ContentEncoder
from engine.analysis.content.open_content import open_content
from engine.analysis.pitch.method import PitchMethod
from engine.analysis.pitch.open_pitch import open_pitch
from engine.files.checksum import digest_of
from engine.project import Project
from engine.systems.rvc.dataset_table import Content, Crepe, LogMel, NoPitch, Pitch, Rmvpe
from engine.systems.rvc.recipe import RvcRecipe


@frozen(eq=False)
class Methods:
    """The pitch method and the content encoder of a recipe; `pitch` is None without pitch."""

    pitch: PitchMethod | None
    content: ContentEncoder
    notes: Sequence[str]
    """Sentences where a method is not the one that the recipe names first."""

    @property
    def digest(self) -> str:
        """Digest of both methods, on which figures and features depend."""
        return digest_of([self.pitch and self.pitch.digest, self.content.digest])


def open_methods(recipe: RvcRecipe, project: Project, device: torch.device) -> Methods:
    """The methods of a recipe. Raises UserError where a package or published files are missing."""
    pitch, notes = recipe.dataset.pitch, []
    if falls_back(pitch, project):
        assert isinstance(pitch, Rmvpe)
        notes.append(
            f"Pitch is measured by fcpe: {pitch.weights}, which rmvpe needs, is not there. "
            "'cantus fetch rmvpe' downloads it; the run then has another identity."
        )
    return Methods(
        pitch_method(pitch, project, device),
        content_encoder(recipe.dataset.content, recipe.model.content_channels, project, device),
        notes,
    )


def pitch_method(pitch: Pitch, project: Project, device: torch.device) -> PitchMethod | None:
    """The pitch method; None for kind 'none'. Raises UserError where its files are missing."""
    if isinstance(pitch, NoPitch):
        return None
    if isinstance(pitch, Crepe):
        return open_pitch("crepe" if pitch.size == "full" else "crepe_tiny", None, device)
    if falls_back(pitch, project):
        return open_pitch("fcpe", None, device)
    weights = project.root / pitch.weights if isinstance(pitch, Rmvpe) else None
    return open_pitch(pitch.kind, weights, device)  # type: ignore[arg-type]  # by each class


def content_encoder(
    content: Content, dim: int, project: Project, device: torch.device
) -> ContentEncoder:
    """The content encoder, of `dim` dimensions. Raises UserError where its files are missing."""
    if isinstance(content, LogMel):
        return open_content("logmel", dim=dim, device=device, **asdict(content))
    folder = project.root / content.folder
    return open_content("contentvec", dim=dim, device=device, folder=folder)


def falls_back(pitch: Pitch, project: Project) -> bool:
    """Whether fcpe stands in for rmvpe, whose weights are missing."""
    allowed = isinstance(pitch, Rmvpe) and pitch.where_missing == "fcpe"
    return allowed and not (project.root / pitch.weights).is_file()  # type: ignore[union-attr]
