"""One angle added to the phase at every frequency: the sound stays, the waveform changes."""

import numpy as np


def turn_phase(audio: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Audio float32 [B, T] whose phase is rotated by `angles` [B] in radians.

    cos(angle) x - sin(angle) H(x), H the Hilbert transform. DAC's trainer turns the bins of an
    STFT, which gives the same above the resolution of its windows (some 40 Hz) and takes three
    times the work. The transform runs over the audio and its mirror image: without the mirror image
    the two ends, which rarely have the same value, would ring.
    """
    from scipy.fft import irfft, rfft

    length = audio.shape[1]
    spectrum = rfft(np.concatenate([audio, audio[:, ::-1]], axis=1), axis=1)
    spectrum *= np.exp(1j * angles)[:, None].astype(np.complex64)
    turned: np.ndarray = irfft(spectrum, n=2 * length, axis=1)[:, :length]
    return np.ascontiguousarray(turned)
