import time

import pytest
from huggingface_hub import constants

from tests.fetch.server import REPO, serving

CONTENT = {"small.json": b'{"a": 1}', "large.pth": bytes(range(256)) * 4096}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The library waits a second and more before it asks again."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def server(monkeypatch):
    """A web server that is also the hub."""
    with serving(dict(CONTENT)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield server


@pytest.fixture(params=["web", "hub", "released"])
def place(request, server):
    """What names the server: as a plain one, one that leads on to another, and as the hub."""
    released = f"{server.address}/released"
    return {"web": server.address, "hub": f"hf://{REPO}", "released": released}[request.param]
