import pytest
import torch

from engine.systems.xtts.network.mel import CODE_STRIDE, CodeMel, ConditioningMel


@pytest.fixture(scope="session")
def upstream():
    from TTS.tts.layers.tortoise.arch_utils import TorchMelSpectrogram
    from TTS.tts.models.xtts import wav_to_mel_cloning

    return TorchMelSpectrogram, wav_to_mel_cloning


@pytest.fixture
def mel_stats():
    return 1.0 + 5.0 * torch.rand(80, generator=torch.Generator().manual_seed(1))


def noise(*shape):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def chord(num_samples):
    time = torch.arange(num_samples) / 22_050
    return sum(torch.sin(2 * torch.pi * 200 * k * time) / k for k in range(1, 6)) * 0.2


@pytest.mark.parametrize("num_samples", [2_048, 22_050, 10 * CODE_STRIDE])
def test_both_mels_are_those_that_upstream_trains_on(upstream, tmp_path, mel_stats, num_samples):
    torch.save(mel_stats, tmp_path / "mel_stats.pth")
    waveforms = noise(2, num_samples)
    for ours, n_fft in ((CodeMel(mel_stats), 1024), (ConditioningMel(mel_stats), 2048)):
        theirs = upstream[0](filter_length=n_fft, mel_norm_file=str(tmp_path / "mel_stats.pth"))
        torch.testing.assert_close(ours(waveforms), theirs(waveforms))


def test_the_conditioning_mel_is_the_one_that_upstream_clones_voices_by(upstream, mel_stats):
    waveform = noise(1, 66_150)
    theirs = upstream[1](waveform, mel_norms=mel_stats, n_fft=2048, hop_length=256, win_length=1024)
    torch.testing.assert_close(ConditioningMel(mel_stats)(waveform), theirs)


@pytest.mark.parametrize("mel", [CodeMel, ConditioningMel])
def test_audio_shorter_than_the_fft_is_followed_by_silence(mel, mel_stats):
    short, mel = noise(1, 300), mel(mel_stats)
    n_fft = mel.spectrogram.settings.n_fft
    followed = torch.nn.functional.pad(short, (0, n_fft - 300))
    assert torch.equal(mel(short), mel(followed))
    assert mel(short).shape == (1, 80, n_fft // 256 + 1)


def test_a_mel_in_a_half_precision_step_is_that_of_single_precision(mel_stats):
    mel, waveform = CodeMel(mel_stats), noise(22_050)
    with torch.autocast("cpu", torch.bfloat16):
        found = mel(waveform)
    assert found.dtype == torch.float32
    assert torch.equal(found, mel(waveform))


@pytest.mark.parametrize("num_frames", [80, 87, 90])
def test_audio_made_from_a_mel_has_nearly_that_mel_and_the_length_asked_for(mel_stats, num_frames):
    mel, wave = CodeMel(mel_stats), chord(22_050)
    wanted = mel(wave)
    given = torch.cat([wanted, wanted[:, -4:]], 1)[:, :num_frames]
    made = mel.to_waveform(given, 22_050)
    assert made.shape == (22_050,)
    difference = ((mel(made) - wanted) * mel_stats[:, None])[:, 4:78]
    loud = (wanted * mel_stats[:, None])[:, 4:78] > -4.0
    assert loud.float().mean() > 0.1
    assert difference[loud].abs().mean() < 0.8  # the logarithm of a power: 3.5 dB
