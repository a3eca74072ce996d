"""The small corpus of two voices."""

from tests.systems.rvc.voices_project import (  # noqa: F401 (fixtures)
    make_rvc_recipe,
    recordings_of,
    voices_project,
)
