import pytest

from engine.fetch import download
from tests.fetch.server import serving

CONTENT = {"small.json": b'{"a": 1}', "large.pth": bytes(range(256)) * 4096}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def server():
    with serving(dict(CONTENT)) as server:
        yield server
