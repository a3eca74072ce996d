"""Tiny networks: one as it starts, one that knows clips by heart, one without an end."""

import pytest

from tests.systems.codec_lm.speech.tiny import SEQUENCES, overfitted, untrained


@pytest.fixture(scope="session")
def network():
    return untrained()


@pytest.fixture(scope="session")
def knowing():
    """A model that knows CLIPS by heart."""
    return overfitted(SEQUENCES).model


@pytest.fixture(scope="session")
def endless():
    """A model that has learned the same clips, but no end of stream."""
    return overfitted(SEQUENCES, with_eos=False).model
