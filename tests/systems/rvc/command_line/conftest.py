import pytest
import soundfile

from tests.command_line import cantus, project, recipe  # noqa: F401 (fixtures)
from tests.systems.rvc.command_line.exported import RATE, spoken


@pytest.fixture
def wav(project):  # noqa: F811
    soundfile.write(project / "in.wav", spoken(), RATE)
    return "in.wav"
