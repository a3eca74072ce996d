"""Where a recipe's codec lies, and what decides its codes. No torch."""

from pathlib import Path
from typing import Any, Protocol

from engine.errors import UserError
from engine.files.checksum import digest_of, sha256_of
from engine.files.untrusted import read_json_object
from engine.project import Project

CONFIG = "config.json"
_EXPORT, _TRANSFORMERS, _FACTS = "export", "transformers", "codec.json"
_OF_NO_CONSEQUENCE = ("transformers_version", "_name_or_path", "architectures", "num_quantizers")
"""Keys of a configuration that change no code; how many codebooks there are, the weights show."""


class NamesCodec(Protocol):
    """A recipe's table that names a codec: one of the two is given."""

    @property
    def from_(self) -> str | None:
        """Recipe whose trained codec is used."""

    @property
    def folder(self) -> str | None:
        """Folder of a codec, by its path in the project."""


def codec_folder(codec: NamesCodec, project: Project) -> Path:
    """The folder, as `transformers` reads it, of the codec that a recipe names.

    Raises UserError where the recipe that is to train it has no model yet, or one that
    `transformers` cannot express, and where there is no such folder.
    """
    if codec.from_ is not None:
        return _exported(codec.from_, project)
    assert codec.folder is not None, "one of the two is given"
    folder = project.root / codec.folder
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}, which codec.folder names. It must be a codec as "
            "transformers' save_pretrained writes it: 'cantus fetch higgs_audio_v2_tokenizer' "
            "makes one, and codec.from names a recipe of this project that trains one instead."
        )
    return folder


def _exported(recipe: str, project: Project) -> Path:
    export = project.model(recipe) / _EXPORT
    if (export / _TRANSFORMERS / CONFIG).is_file():
        return export / _TRANSFORMERS
    if not project.recipe(recipe).is_file():
        raise UserError(
            f"There is no recipe {recipe!r} in {project.recipes}, which codec.from names. Name one "
            "that trains a codec, or a published one as codec.folder."
        )
    if not (export / _FACTS).is_file():
        raise UserError(
            f"The codec {recipe} is not trained yet: there is none in {export}. Train it: dvc "
            f"repro {recipe}, or, without DVC, cantus train {recipe}"
        )
    reason = read_json_object(export / _FACTS).get("transformers", "it says not why")
    raise UserError(
        f"The codec {recipe} has no folder {export / _TRANSFORMERS}, for transformers has no model "
        f"for it: {reason}. Choose other strides or sizes in its recipe, and train it again."
    )


def codec_files(folder: Path) -> list[Path]:
    """The files that decide a codec's codes: its configuration and its weights."""
    weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    return [folder / CONFIG, *weights]


def digest_of_codec(folder: Path) -> str:
    """SHA-256 over the configuration of a codec, keys of no consequence aside, and its weights."""
    config, *weights = codec_files(folder)
    said = _of_consequence(read_json_object(config))
    return digest_of(["codec", said, *map(sha256_of, weights)])


def _of_consequence(value: Any) -> Any:
    """A configuration, and those inside it, in one order."""
    if not isinstance(value, dict):
        return value
    kept = sorted(value.keys() - set(_OF_NO_CONSEQUENCE))
    return {key: _of_consequence(value[key]) for key in kept}
