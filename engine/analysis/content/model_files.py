"""The files of a folder of `transformers` that decide what its model makes. No torch."""

from pathlib import Path

from engine.errors import UserError

WAY_OUT = (
    "dataset.content.folder names a folder of a HuBERT as `transformers` reads it; "
    "'cantus fetch contentvec' makes one, and dataset.content = { kind = \"logmel\" } needs none."
)


def model_files(folder: Path) -> list[Path]:
    """Configuration and weights. Raises UserError where the configuration is missing."""
    config = folder / "config.json"
    if not config.is_file():
        raise UserError(f"{folder} is no ContentVec: there is no config.json in it. {WAY_OUT}")
    normalizing = folder / "preprocessor_config.json"
    weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    return [config, *filter(Path.is_file, [normalizing]), *weights]
