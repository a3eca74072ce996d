"""The pitch methods by the names that `cantus convert` and the note of an export give them."""

from collections.abc import Mapping

from engine.systems.rvc.dataset_table import Crepe, Fcpe, Pitch, Praat, Rmvpe, SwiftF0

BY_NAME: Mapping[str, Pitch] = {
    "fcpe": Fcpe(),
    "swift_f0": SwiftF0(),
    "crepe": Crepe(),
    "crepe_tiny": Crepe(size="tiny"),
    "rmvpe": Rmvpe(),
    "praat": Praat(),
}


def name_of(pitch: Pitch) -> str:
    """The name of a recipe's pitch method; CREPE has two."""
    tiny = isinstance(pitch, Crepe) and pitch.size == "tiny"
    return "crepe_tiny" if tiny else pitch.kind
