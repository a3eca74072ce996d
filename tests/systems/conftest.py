"""What the tests of every system share."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small networks: threads that wait for each other cost more than they save."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
