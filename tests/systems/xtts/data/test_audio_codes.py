import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.data.audio_codes import (
    AudioCodes,
    as_waveform,
    code_all,
    fit_audio_codes,
    mean_mel_statistics,
    num_codes_in,
)
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings
from engine.systems.xtts.network.mel import CodeMel

SMALL = DvaeSettings(num_codes=64, codebook_dim=8, hidden_dim=16, num_resnet_blocks=1)
MEL_STATS = torch.linspace(4.0, 8.0, 80)


def tones(seed, num_samples=22_050):
    """Notes of a quarter of a second with five partials, packed as a corpus's clips are."""
    random = np.random.default_rng(seed)
    hz = np.repeat(random.choice([110, 160, 220, 330, 440], 8), 22_050 // 4)[:num_samples]
    phase = 2 * np.pi * np.cumsum(hz) / 22_050
    audio = 0.2 * sum(np.sin(k * phase) / k for k in range(1, 6))
    return np.round(32_768 * (audio + 0.001 * random.standard_normal(len(hz)))).astype(np.int16)


@pytest.fixture(scope="module")
def by_dvae():
    """Random weights, and codes that lie where the encoder's vectors do."""
    torch.manual_seed(0)
    dvae = Dvae(SMALL)
    vectors = [dvae.encoder(CodeMel(MEL_STATS)(as_waveform(tones(i)))[None]) for i in range(6)]
    places = torch.randperm(6 * 22)[:64]
    dvae.codebook.embed.copy_(torch.cat(vectors, -1)[0][:, places])
    return AudioCodes(dvae, MEL_STATS)


@pytest.fixture(scope="module")
def by_kmeans():
    return fit_audio_codes([as_waveform(tones(i)) for i in range(20)], 64)


@pytest.fixture(params=["by_dvae", "by_kmeans"])
def codes(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    ("num_samples", "number"),
    [(1, 1), (300, 1), (1_024, 1), (1_025, 2), (10_240, 10), (22_050, 22)],
)
def test_there_is_a_code_for_every_1024_samples_begun(codes, num_samples, number):
    found = codes.encode_waveform(as_waveform(tones(0, num_samples)))
    assert found.shape == (number,) == (num_codes_in(num_samples),)
    assert found.dtype == torch.int64
    assert codes.decode_mel(found).shape == (80, 4 * number)
    assert codes.to_waveform(found).shape == (1_024 * number,)


def test_a_corpus_is_coded_clip_by_clip_whatever_lies_beside(codes):
    clips = [tones(i, length) for i, length in enumerate([22_050, 300, 5_000, 22_050, 10_240])]
    lengths = np.array([len(clip) for clip in clips])
    flat, offsets = code_all(codes, clips.__getitem__, lengths)
    assert flat.dtype == np.int16
    assert offsets.dtype == np.int64
    assert offsets.tolist() == [0, 22, 23, 28, 50, 60]
    for i, clip in enumerate(clips):
        alone = codes.encode_waveform(as_waveform(clip)).numpy()
        assert np.array_equal(flat[offsets[i] : offsets[i + 1]], alone)
    backwards, _ = code_all(codes, clips[::-1].__getitem__, lengths[::-1])
    assert np.array_equal(backwards[-22:], flat[:22])


def test_a_corpus_without_clips_has_no_codes(by_kmeans):
    flat, offsets = code_all(by_kmeans, tones, [])
    assert (len(flat), offsets.tolist()) == (0, [0])


def test_upstream_gives_the_same_codes_but_at_the_end_of_padded_audio(by_dvae):
    from TTS.tts.layers.xtts.dvae import DiscreteVAE, dvae_wav_to_mel

    theirs = DiscreteVAE(
        channels=80,
        positional_dims=1,
        num_tokens=64,
        codebook_dim=8,
        hidden_dim=16,
        num_resnet_blocks=1,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )
    theirs.load_state_dict(by_dvae.coder.state_dict(), strict=True)
    waveform = as_waveform(tones(0, 44_000))
    ours = by_dvae.encode_waveform(waveform)
    assert len(ours.unique()) > 10
    padded = torch.nn.functional.pad(waveform, (0, 30_000))
    alone, in_a_batch = (
        theirs.get_codebook_indices(dvae_wav_to_mel(audio[None], mel_norms=MEL_STATS))[0]
        for audio in (waveform, padded)
    )
    assert torch.equal(ours, alone[: len(ours)])
    assert torch.equal(ours[:-5], in_a_batch[: len(ours) - 5])


def test_fitted_codes_keep_most_of_what_they_have_not_heard(by_kmeans):
    waveform = as_waveform(tones(100))
    wanted = by_kmeans.mel(waveform)
    decoded = by_kmeans.decode_mel(by_kmeans.encode_waveform(waveform))[:, : wanted.shape[-1]]
    assert (decoded - wanted).square().mean() < 0.2 * wanted.var()


def test_audio_made_of_codes_sounds_as_they_say(by_kmeans):
    told = by_kmeans.encode_waveform(as_waveform(tones(100)))
    mel = by_kmeans.decode_mel(told)
    heard = by_kmeans.mel(by_kmeans.to_waveform(told))[:, : mel.shape[-1]]
    scale = by_kmeans.mel.mel_stats[:, None]
    loud = mel * scale > -4.0
    assert loud.float().mean() > 0.1
    assert ((heard - mel) * scale)[loud].abs().mean() < 1.0  # the logarithm of a power: 4.3 dB


def test_the_same_audio_fits_the_same_codes(by_kmeans):
    again = fit_audio_codes([as_waveform(tones(i)) for i in range(20)], 64)
    assert torch.equal(again.coder.centroids, by_kmeans.coder.centroids)
    assert torch.equal(again.mel.mel_stats, by_kmeans.mel.mel_stats)


def test_less_audio_than_codes_is_refused():
    with pytest.raises(UserError, match="Ask for fewer codes"):
        fit_audio_codes([as_waveform(tones(0))], 64)


def test_divided_by_its_statistics_every_band_has_size_one():
    waveforms = [as_waveform(tones(i)) for i in range(3)]
    mels = torch.cat([CodeMel(mean_mel_statistics(waveforms))(one) for one in waveforms], -1)
    torch.testing.assert_close(mels.abs().mean(-1), torch.ones(80))


def test_nothing_of_it_learns(codes):
    assert not any(parameter.requires_grad for parameter in codes.parameters())
