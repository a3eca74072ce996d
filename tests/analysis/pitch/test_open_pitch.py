"""Every pitch method hears the pitch that is there, on one grid, and says what it lacks."""

import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from engine.analysis.pitch.method import HOP_LENGTH
from engine.analysis.pitch.open_pitch import open_pitch
from engine.errors import UserError
from engine.files import packages
from tests.analysis.sounds import glide, noise

CPU = torch.device("cpu")
KINDS = ["fcpe", "swift_f0", "crepe_tiny"]
KINDS += ["praat"] if find_spec("parselmouth") else []


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_a_glide_is_followed_within_a_quarter_of_a_semitone(kind):
    sound, hertz = glide()
    found = open_pitch(kind, None, CPU)(sound)
    assert found.dtype == np.float32
    assert found.shape == (len(sound) // HOP_LENGTH + 1,)
    inner = slice(10, -10)  # away from the ends, where methods hear half a window
    wanted = np.append(hertz[::HOP_LENGTH], hertz[-1])
    cents = 1200 * np.log2(found[inner] / wanted[inner])
    assert (found[inner] > 0).all()
    assert np.abs(cents).max() < 25
    assert abs(np.median(cents)) < 8  # a grid that is half a frame late: 6 more


def test_silence_has_no_pitch_and_noise_hardly_any(kind):
    method = open_pitch(kind, None, CPU)
    assert not method(np.zeros(16_000, np.float32)).any()
    if kind != "fcpe":  # which calls loud noise a voice, as it does in RVC WebUI
        assert (method(noise()) > 0).mean() < 0.2


@pytest.mark.parametrize("length", [0, 1, 159, 160, 400, 1023, 1025])
def test_audio_of_any_length_has_its_frames(kind, length):
    sound, _ = glide()
    assert open_pitch(kind, None, CPU)(sound[:length]).shape == (length // HOP_LENGTH + 1,)


def test_pitch_outside_the_range_is_no_voice(kind):
    sound, _ = glide(1300.0, 1900.0)
    found = open_pitch(kind, None, CPU)(sound)
    assert ((found == 0) | ((found >= 50) & (found <= 1100))).all()


def test_the_same_is_heard_each_time_and_by_what_a_worker_unpickles(kind):
    sound, _ = glide()
    method = open_pitch(kind, None, CPU)
    first = method(sound)
    assert np.array_equal(method(sound), first)
    there = pickle.loads(pickle.dumps(method))
    assert there.digest == method.digest
    assert np.array_equal(there(sound), first)


def test_methods_and_sizes_have_digests_of_their_own():
    digests = {open_pitch(kind, None, CPU).digest for kind in [*KINDS, "crepe"]}
    assert len(digests) == len(KINDS) + 1


@pytest.mark.parametrize(
    ("kind", "package"),
    [("fcpe", "torchfcpe"), ("swift_f0", "swift-f0"), ("crepe", "torchcrepe")],
)
def test_a_missing_package_is_named_with_its_installation(kind, package, monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=rf"'{package}'.* pip install 'cantus\[rvc\]'"):
        open_pitch(kind, None, CPU)


def test_praat_is_an_extra_of_its_own(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"praat-parselmouth.* pip install 'cantus\[praat\]'"):
        open_pitch("praat", None, CPU)


def test_praat_is_not_imported_unless_it_is_asked_to_listen():
    program = (
        "import sys, torch, numpy\n"
        "from engine.analysis.pitch.open_pitch import open_pitch\n"
        "open_pitch('swift_f0', None, torch.device('cpu'))(numpy.zeros(1600, 'f4'))\n"
        "sys.exit('parselmouth' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_another_kind_is_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"No pitch method is called 'harvest'.*swift_f0"):
        open_pitch("harvest", None, CPU)
