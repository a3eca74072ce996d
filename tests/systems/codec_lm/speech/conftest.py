"""Tiny models: one as it starts, one that knows clips by heart, one without an end."""

import pytest

from tests.systems.codec_lm.speech.tiny import make_model, overfitted


@pytest.fixture(scope="session")
def model():
    return make_model()


@pytest.fixture(scope="session")
def knowing():
    """A model that knows CLIPS by heart."""
    return overfitted(make_model(), with_eos=True)


@pytest.fixture(scope="session")
def endless():
    """A model that has learned the same clips, but no end of stream."""
    return overfitted(make_model(), with_eos=False)
