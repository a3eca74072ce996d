"""espeak-ng, called in this process through its C interface (`speak_lib.h`)."""

import ctypes
from pathlib import Path

import numpy as np

from engine.errors import UserError

SAMPLE_RATE_HZ = 22_050
"""What espeak-ng's own voices are made at."""

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_CHARACTERS = 1
_UTF8 = 1
_RATE, _PITCH = 1, 3

_ON_SAMPLES = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Espeak:
    """One synthesizer. A process may hold only one: the library keeps its state in globals.

    That state goes on from one utterance to the next, so that what is said depends on what was
    said before: for bit-identical audio the same texts go in the same order into a new process.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise UserError(
                "The built-in corpus is spoken by espeak-ng, which is not installed. "
                "Run: pip install 'cantus[builtin]'"
            ) from error
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        data = str(self._data).encode()
        rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
        assert rate == SAMPLE_RATE_HZ, f"espeak-ng started at {rate} Hz"
        self._pieces: list[np.ndarray] = []
        self._on_samples = _ON_SAMPLES(self._take)  # held here: C keeps no reference to it
        self._library.espeak_SetSynthCallback(self._on_samples)

    def say(self, text: str, *, voice: str, rate: int = 175, pitch: int = 50) -> np.ndarray:
        """`text` as int16 samples at SAMPLE_RATE_HZ, without the silence around it.

        `voice` is a language with a variant ('en-us+m3'), `rate` words a minute, `pitch` 0 to 99.
        Raises UserError where espeak-ng has no such voice.
        """
        self._choose(voice)
        self._set(_RATE, rate)
        self._set(_PITCH, pitch)
        self._pieces.clear()
        spoken = text.encode() + b"\0"
        self._checked(
            self._library.espeak_Synth(spoken, len(spoken), 0, _CHARACTERS, 0, _UTF8, None, None)
        )
        return _trimmed(np.concatenate([np.zeros(0, np.int16), *self._pieces]))

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", number: int, _events: int) -> int:
        if samples and number > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (number,)).copy())
        return 0

    def _choose(self, voice: str) -> None:
        variant = voice.partition("+")[2]
        known = (self._data / "voices" / "!v" / variant).exists()  # espeak-ng ignores a wrong one
        if not known or self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UserError(f"espeak-ng has no voice {voice!r}. Correct data/builtin/voices.tsv.")
        # Breath is made of random numbers, which start from the clock.
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))

    def _set(self, parameter: int, value: int) -> None:
        self._checked(self._library.espeak_SetParameter(parameter, value, 0))

    def _checked(self, status: int) -> None:
        assert status == 0, f"espeak-ng answered {status}"


def _trimmed(samples: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(samples)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]
