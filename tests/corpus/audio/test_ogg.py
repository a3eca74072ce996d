import numpy as np
import pytest
import soundfile

from engine.corpus.audio.ogg import check_ogg
from engine.corpus.audio.unusable import UnusableError


@pytest.fixture(params=["VORBIS", "OPUS"])
def ogg(request, tmp_path):
    """Three seconds of noise, of several pages."""
    noise = np.random.default_rng(0).standard_normal(48_000) * 0.1
    path = tmp_path / "a.ogg"
    soundfile.write(path, noise, 16_000, format="OGG", subtype=request.param)
    return path


def fault(path):
    with pytest.raises(UnusableError) as caught:
        check_ogg(path)
    return caught.value


def test_a_whole_file_passes_and_so_do_tags_behind_it(ogg):
    check_ogg(ogg)
    ogg.write_bytes(ogg.read_bytes() + b"TAG" + bytes(125))
    check_ogg(ogg)


def test_a_file_cut_anywhere_is_truncated(ogg):
    content = ogg.read_bytes()
    for length in range(100, len(content), len(content) // 40):
        ogg.write_bytes(content[:length])
        assert fault(ogg).reason == "truncated"


def test_a_file_cut_between_pages_is_truncated(ogg):
    content = ogg.read_bytes()
    ogg.write_bytes(content[: content.rindex(b"OggS")])
    assert "not the end of its stream" in fault(ogg).detail


def test_any_changed_byte_is_found(ogg):
    content = ogg.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= 1
        ogg.write_bytes(damaged)
        assert fault(ogg).reason in ("unreadable", "truncated")


def test_a_missing_page_is_found(ogg):
    content = ogg.read_bytes()
    places = [at for at in range(len(content)) if content.startswith(b"OggS", at)]
    ogg.write_bytes(content[: places[-2]] + content[places[-1] :])
    assert "pages are missing" in fault(ogg).detail


def test_a_second_recording_behind_the_first_is_found(ogg):
    ogg.write_bytes(ogg.read_bytes() * 2)
    assert fault(ogg).reason == "header disagrees"
