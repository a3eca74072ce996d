import subprocess
import sys

import pytest

# A process may hold only one synthesiser, and what is said depends on what was said before.
SCRIPT = """
import sys, hashlib
from engine.corpus.builtin.espeak import Espeak
from engine.errors import UserError
espeak = Espeak()
try:
    for voice in sys.argv[1:]:
        samples = espeak.say("seven", voice=voice)
        print(len(samples), samples[0] != 0, hashlib.sha1(samples.tobytes()).hexdigest())
except UserError as error:
    print(error)
"""

pytest.importorskip("espeakng_loader")


def say(*voices):
    command = [sys.executable, "-c", SCRIPT, *voices]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_same_words_in_the_same_order_are_bit_identical():
    first, second = say("en-us+m1", "hu+f2", "te+m1"), say("en-us+m1", "hu+f2", "te+m1")
    assert first == second
    assert len({line.split()[2] for line in first}) == 3


def test_a_word_has_a_plausible_length_and_no_silence_around_it():
    length, starts_with_sound, _ = say("en-us+m1")[0].split()
    assert 0.2 < int(length) / 22_050 < 1.0
    assert starts_with_sound == "True"


def test_an_unknown_voice_is_named():
    assert say("en-us+nobody")[0].startswith("espeak-ng has no voice 'en-us+nobody'")


def test_without_espeak_the_extra_is_named():
    script = "import sys; sys.modules['espeakng_loader'] = None" + SCRIPT.replace(
        "espeak = Espeak()", "try:\n    Espeak()\nexcept UserError as e:\n    sys.exit(str(e))"
    )
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "pip install 'cantus[builtin]'" in answer.stderr
