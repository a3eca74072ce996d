import subprocess
import sys

import numpy as np
import pytest
import soundfile

from engine.errors import UserError
from engine.files.new_wav import new_wav


def test_pieces_become_one_file_of_the_kind_that_was_asked_for(tmp_path):
    pieces = np.arange(6, dtype=np.float32).reshape(3, 2) / 8
    for as_float, subtype in ((False, "PCM_16"), (True, "FLOAT")):
        with new_wav(tmp_path / "a.wav", 8_000, 1, 6, as_float=as_float) as wav:
            for piece in pieces:
                wav.write(piece)
        assert soundfile.info(tmp_path / "a.wav").subtype == subtype
        assert soundfile.read(tmp_path / "a.wav")[0].tolist() == pieces.flatten().tolist()


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.wav").write_text("old")

    def stop_halfway():
        with new_wav(tmp_path / "a.wav", 8_000, 1, 6) as wav:
            wav.write(np.zeros(3))
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_halfway()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_what_a_killed_process_left_beside_a_wav_is_deleted(tmp_path):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    (tmp_path / f".a.wav.{int(dead.stdout)}").write_text("half")
    with new_wav(tmp_path / "a.wav", 8_000, 1, 6) as wav:
        wav.write(np.zeros(6))
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_more_than_a_plain_wav_holds_is_written_as_rf64(tmp_path):
    with new_wav(tmp_path / "a.wav", 8_000, 1, 1 << 31) as wav:
        wav.write(np.zeros(3))
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RF64"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "nowhere" / "a.wav"
    said = r"nowhere/a\.wav could not be written"
    with pytest.raises(UserError, match=said), new_wav(path, 8_000, 1, 6):
        pass
