import attrs
import dac
import numpy as np
import pytest
import soundfile
import torch

from engine.corpus.audio.decode import UnusableError
from engine.errors import UserError
from engine.metrics.loudness import LoudnessMeter
from engine.systems.codec.files.code_file import Codec, decode_file, encode_file
from engine.systems.codec.files.dac_file import DacFile, read_dac_file, write_dac_file
from engine.systems.codec.files.weights import write_upstream
from engine.systems.codec.network.network import CodecNetwork
from engine.systems.codec.recipe import AsRecorded, Loudness, Rms
from tests.systems.codec.network.test_network import SETTINGS

HZ = SETTINGS.sample_rate_hz
LEVELS = [AsRecorded(), Rms(dbfs=-26.0), Loudness(lufs=-24.0)]


class Through(CodecNetwork):
    """A network of the usual shape that hands on one sample a frame, so that levels can be told.

    A code is its frame's first sample in 8 bits; decoding holds it for the frame.
    """

    def encode(self, audio, num_quantizers=None):
        whole = self._whole_frames(audio)
        heard = ((whole[:, :, :: self.settings.hop_length] + 1.0) * 127.5).round()
        return heard.long().expand(-1, num_quantizers or 3, -1)

    def decode(self, codes):
        held = codes[:, :1].repeat_interleave(self.settings.hop_length, -1)
        return held.float() / 127.5 - 1.0


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def codec(level=LEVELS[0], kind=CodecNetwork):
    size = 256 if kind is Through else SETTINGS.codebook_size
    return Codec(kind(attrs.evolve(SETTINGS, codebook_size=size)).eval(), level)


def tone(seconds, hz, size=0.1):
    times = np.arange(int(seconds * hz)) / hz
    return size * np.sin(2 * np.pi * 60.0 * times)


def write(path, samples, hz=HZ, subtype="FLOAT"):
    soundfile.write(path, samples, hz, subtype=subtype)
    return path


def decibels(samples):
    return 10 * np.log10(np.square(samples).mean(axis=0))


@pytest.mark.parametrize("hz", [8_000, 11_025, 44_100])
@pytest.mark.parametrize("seconds", [0.0009, 0.3, 1.7])
def test_what_comes_back_has_the_rate_channels_and_every_sample(tmp_path, hz, seconds):
    stereo = np.stack([tone(seconds, hz), tone(seconds, hz, 0.3)], axis=1)
    path = write(tmp_path / "in.wav", stereo, hz, "PCM_16")
    made = codec()
    file = encode_file(made, path)
    assert len(file.codes) == 2
    decode_file(made, file, tmp_path / "out.wav")
    facts = soundfile.info(tmp_path / "out.wav")
    assert (facts.frames, facts.samplerate, facts.channels) == (len(stereo), hz, 2)
    assert facts.subtype == "PCM_16"
    assert sorted(place.name for place in tmp_path.iterdir()) == ["in.wav", "out.wav"]


def test_codes_are_those_of_the_network_and_fewer_quantizers_those_of_the_first(tmp_path):
    samples = tone(1.0, HZ)
    made = codec()
    path = write(tmp_path / "in.wav", samples)
    codes = made.network.encode(torch.from_numpy(samples).float()[None, None])
    assert np.array_equal(encode_file(made, path).codes, codes.numpy())
    assert np.array_equal(encode_file(made, path, 2).codes, codes[:, :2].numpy())


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.kind)
def test_each_channel_is_heard_at_the_codecs_level_and_gets_its_own_back(tmp_path, level):
    stereo = np.stack([tone(3.0, HZ, 0.02), tone(3.0, HZ, 0.4)], axis=1)
    made = codec(level, Through)
    file = encode_file(made, write(tmp_path / "in.wav", stereo))
    heard = file.codes[:, 0] / 127.5 - 1.0
    if level.kind == "rms":
        assert decibels(heard.T) == pytest.approx([-26.0, -26.0], abs=0.5)
    elif level.kind == "loudness":
        assert decibels(heard.T)[0] == pytest.approx(decibels(heard.T)[1], abs=0.5)
    decode_file(made, file, tmp_path / "out.wav", as_float=True)
    back, _ = soundfile.read(tmp_path / "out.wav")
    assert decibels(back) == pytest.approx(decibels(stereo), abs=0.7)


def test_the_loudness_of_the_original_goes_with_the_codes(tmp_path):
    samples = tone(2.0, HZ).astype(np.float32)
    file = encode_file(codec(Rms()), write(tmp_path / "in.wav", samples))
    meter = LoudnessMeter(HZ)
    meter.add(samples)
    assert file.loudness.tolist() == pytest.approx([meter.lufs], abs=0.01)


def test_an_upstream_file_gets_its_loudness_back_and_its_balance(tmp_path):
    stereo = np.stack([tone(3.0, HZ, 0.05), tone(3.0, HZ, 0.4)], axis=1)
    made = codec(Loudness(), Through)
    file = encode_file(made, write(tmp_path / "in.wav", stereo))
    apart = attrs.evolve(file, gains=None)
    decode_file(made, apart, tmp_path / "apart.wav", as_float=True)
    back, _ = soundfile.read(tmp_path / "apart.wav")
    assert decibels(back) == pytest.approx(decibels(stereo), abs=1.0)
    both = 10 * np.log10((10 ** (file.loudness / 10)).sum(keepdims=True))
    together = attrs.evolve(file, gains=None, loudness=np.float32(both))
    decode_file(made, together, tmp_path / "together.wav", as_float=True)
    back, _ = soundfile.read(tmp_path / "together.wav")
    assert decibels(back.ravel()) == pytest.approx(decibels(stereo.ravel()), abs=1.0)


def test_upstream_decodes_a_file_to_the_same_samples_but_for_its_level(tmp_path):
    made = codec(Loudness())
    write_upstream(made.network, tmp_path / "w.pth", {"kind": "loudness", "lufs": -16.0})
    file = encode_file(made, write(tmp_path / "in.wav", tone(1.3, HZ)))
    write_dac_file(file, tmp_path / "in.dac")
    decode_file(made, read_dac_file(tmp_path / "in.dac"), tmp_path / "out.wav", as_float=True)
    ours, _ = soundfile.read(tmp_path / "out.wav")
    theirs = dac.DAC.load(str(tmp_path / "w.pth"))
    samples = theirs.decompress(tmp_path / "in.dac").audio_data[0, 0].numpy()
    assert np.corrcoef(ours, samples)[0, 1] > 0.9999


def test_silence_stays_silence(tmp_path):
    for level in LEVELS:
        file = encode_file(codec(level, Through), write(tmp_path / "in.wav", np.zeros(4_000)))
        assert file.gains == (1.0,)
        assert np.isfinite(file.loudness).all()


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.kind)
@pytest.mark.parametrize("size", [1e-20, 1e-12, 1e30])
def test_what_is_written_of_the_faintest_and_the_loudest_is_read_again(tmp_path, level, size):
    made = codec(level)
    file = encode_file(made, write(tmp_path / "in.wav", tone(1.0, HZ, size)))
    write_dac_file(file, tmp_path / "in.dac")
    found = read_dac_file(tmp_path / "in.dac")
    assert found.gains == file.gains
    decode_file(made, found, tmp_path / "out.wav", as_float=True)
    assert np.isfinite(soundfile.read(tmp_path / "out.wav")[0]).all()


def test_audio_that_no_reader_would_bring_back_is_refused_where_it_is_coded(tmp_path):
    file = encode_file(codec(), write(tmp_path / "in.wav", tone(1.0, HZ, 1e36)))
    with pytest.raises(UserError, match=r"out.dac cannot be written: .* 640 dB"):
        write_dac_file(file, tmp_path / "out.dac")
    assert not (tmp_path / "out.dac").exists()


def test_files_that_cannot_be_coded_are_refused(tmp_path):
    with pytest.raises(UnusableError, match="unreadable"):
        encode_file(codec(), tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(UnusableError, match="unreadable"):
        encode_file(codec(), tmp_path / "text.wav")
    with pytest.raises(UserError, match="holds no samples"):
        encode_file(codec(), write(tmp_path / "empty.wav", np.zeros(0)))


def coded(codes, num_samples):
    return DacFile(np.uint16(codes), num_samples, HZ, np.float32([-20.0]), (1.0,))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (coded(np.zeros((1, 4, 10)), 320), "codes of 4 quantizers, the model 3"),
        (coded(np.full((1, 3, 10), 32), 320), "a code 32, the model's codebooks end at 31"),
        (coded(np.zeros((1, 3, 10)), 10**12), "10 frames of codes where this model has"),
        (coded(np.zeros((1, 3, 10)), 20), "10 frames of codes where this model has 1"),
    ],
)
def test_codes_of_another_model_are_refused_and_nothing_is_written(tmp_path, file, words):
    with pytest.raises(UserError, match=words):
        decode_file(codec(), file, tmp_path / "out.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_on_the_way_leaves_neither_half_a_file_nor_an_old_one_changed(tmp_path):
    (tmp_path / "out.wav").write_text("old")
    made = codec()
    made.network.decode = lambda codes: 1 / 0
    with pytest.raises(ZeroDivisionError):
        decode_file(made, coded(np.zeros((1, 3, 10)), 320), tmp_path / "out.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
    assert (tmp_path / "out.wav").read_text() == "old"
