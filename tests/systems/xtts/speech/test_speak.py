"""The whole way from a recording and text to audio, against a small `Xtts` of Coqui's."""

import types

import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.data.audio_codes import fit_audio_codes
from engine.systems.xtts.network.gpt import GptSettings, XttsGpt
from engine.systems.xtts.network.mel import SAMPLE_RATE_HZ, ConditioningMel
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.speech.decode import Sampling, decode
from engine.systems.xtts.speech.speak import (
    ByCodes,
    ByVocoder,
    Voice,
    codes_per_character,
    odd_duration,
    speak,
    voice_of,
)

ARGS = {
    "gpt_layers": 2,
    "gpt_n_model_channels": 64,
    "gpt_n_heads": 4,
    "gpt_number_text_tokens": 30,
    "gpt_start_text_token": 28,
    "gpt_stop_text_token": 0,
    "gpt_num_audio_tokens": 66,
    "gpt_start_audio_token": 64,
    "gpt_stop_audio_token": 65,
    "gpt_max_audio_tokens": 24,
    "gpt_max_text_tokens": 40,
    "gpt_max_prompt_tokens": 70,
    "gpt_code_stride_len": 1024,
    "gpt_use_perceiver_resampler": True,
    "decoder_input_dim": 64,
}
TEXT = [5, 9, 3, 17, 11]
GREEDY = Sampling(greedy=True, repetition_penalty=10.0)


@pytest.fixture(scope="module")
def coqui():
    """A whole `Xtts` with random weights and a narrow vocoder, ready to say `TEXT`."""
    pytest.importorskip("TTS.tts.models.xtts")
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder as CoquiHifiDecoder
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(0)
    model = Xtts(XttsConfig(model_args=XttsArgs(**ARGS)))
    model.hifigan_decoder = CoquiHifiDecoder(
        decoder_input_dim=64, upsample_initial_channel_decoder=64
    )
    with torch.no_grad():
        model.gpt.mel_head.weight.normal_(0, 0.3)
        model.gpt.mel_head.bias[ARGS["gpt_stop_audio_token"]] = -100.0  # goes on to the limit
    model.mel_stats.uniform_(0.5, 2.0)
    model.tokenizer = types.SimpleNamespace(encode=lambda _text, lang: TEXT)
    model.eval()  # adds the layers it generates with, which share their weights
    return model


@pytest.fixture(scope="module")
def ours(coqui):
    gpt = XttsGpt(GptSettings.of_config({"model_args": ARGS}))
    weights = coqui.gpt.state_dict()
    extra = ("gpt_inference.", "gpt.wte.", "gpt.wpe.")
    gpt.load_state_dict({n: w for n, w in weights.items() if not n.startswith(extra)})
    return gpt.eval()


@pytest.fixture(scope="module")
def vocoder(coqui):
    decoder = HifiDecoder(VocoderSettings(latent_dim=64, channels=64))
    decoder.load_state_dict(coqui.hifigan_decoder.state_dict(), strict=True)
    return decoder.eval()


@pytest.fixture(scope="module")
def conditioning_mel(coqui):
    return ConditioningMel(coqui.mel_stats)


@pytest.fixture(scope="module")
def reference():
    """Five and a half seconds of a tone that wanders: [121275]."""
    time = torch.arange(round(5.5 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = (160 + 60 * torch.sin(2 * time)).cumsum(0) / SAMPLE_RATE_HZ
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(1))
    return 0.3 * torch.sin(2 * torch.pi * phase) * time.cos() + 0.01 * noise


@pytest.fixture(scope="module")
def voice(ours, conditioning_mel, vocoder, reference):
    return voice_of(ours, conditioning_mel, vocoder.speaker_encoder, reference, 2.0)


@pytest.fixture
def stops_after_six(coqui, ours, voice):
    """Both GPTs, whose heads now say stop at the seventh code of `TEXT` and not before."""
    stop = ARGS["gpt_stop_audio_token"]
    codes = decode(ours, voice.latents, [TEXT], GREEDY).codes[0][None, :7]
    with torch.no_grad():
        states = ours.latents(voice.latents, torch.tensor([TEXT]), [len(TEXT)], codes, [7])[0]
        row = 200 * torch.linalg.pinv(states)[:, 6]
        before = ours.mel_head.weight[stop].clone()
        for model in (coqui.gpt, ours):
            model.mel_head.weight[stop] = row
        yield
        for model in (coqui.gpt, ours):
            model.mel_head.weight[stop] = before


def said_by(coqui, voice, **settings):
    settings = {"do_sample": False, "repetition_penalty": 10.0} | settings
    said = coqui.inference("said", "en", voice.latents, voice.speaker[:, :, None], **settings)
    return torch.from_numpy(said["wav"])


@pytest.mark.parametrize(("chunk", "longest"), [(2, 30), (4, 30), (6, 30), (2, 3)])
def test_a_voice_is_heard_as_upstream_hears_it(
    coqui, ours, vocoder, conditioning_mel, reference, chunk, longest
):
    voice = voice_of(ours, conditioning_mel, vocoder.speaker_encoder, reference, chunk, longest)
    at_most = reference[None, : longest * SAMPLE_RATE_HZ]
    latents = coqui.get_gpt_cond_latents(at_most, SAMPLE_RATE_HZ, longest, chunk)
    speaker = coqui.get_speaker_embedding(at_most, SAMPLE_RATE_HZ)
    assert voice.latents.shape == latents.shape == (1, 32, 64)
    assert (voice.latents - latents).abs().max() < 1e-5
    assert (voice.speaker - speaker[:, :, 0]).abs().max() < 1e-5


def test_a_rest_too_short_for_a_chunk_is_not_heard(ours, conditioning_mel, reference):
    whole = reference[: 4 * SAMPLE_RATE_HZ]
    rest = reference[: 4 * SAMPLE_RATE_HZ + 7_000]
    heard = [voice_of(ours, conditioning_mel, None, audio, 2.0).latents for audio in (whole, rest)]
    assert torch.equal(*heard)


def test_a_recording_in_which_no_voice_can_be_heard_is_refused(ours, conditioning_mel, reference):
    with pytest.raises(UserError, match=r"lasts 0.30 s.*at least 0.33 s"):
        voice_of(ours, conditioning_mel, None, reference[:6_615])
    assert voice_of(ours, conditioning_mel, None, reference[:7_277]).speaker is None


def test_a_text_sounds_as_upstream_says_it(coqui, ours, vocoder, voice):
    wanted = said_by(coqui, voice)
    spoken = speak(ours, ByVocoder(vocoder), voice, TEXT, GREEDY, seed=0)
    assert not spoken.stopped
    assert spoken.sample_rate_hz == 24_000
    assert wanted.std() > 1e-4
    assert spoken.waveform.shape == wanted.shape
    assert (spoken.waveform - wanted).abs().max() < 1e-4


@pytest.mark.usefixtures("stops_after_six")
def test_a_text_that_ends_by_itself_sounds_as_upstream_says_it(coqui, ours, vocoder, voice):
    spoken = speak(ours, ByVocoder(vocoder), voice, TEXT, GREEDY, seed=0)
    assert spoken.stopped
    assert len(spoken.codes) == 6
    wanted = said_by(coqui, voice)
    assert spoken.waveform.shape == wanted.shape
    assert (spoken.waveform - wanted).abs().max() < 1e-4


def test_slower_speech_is_that_of_upstream(coqui, ours, vocoder, voice):
    spoken = speak(ours, ByVocoder(vocoder), voice, TEXT, GREEDY, seed=0, length_scale=1.25)
    wanted = said_by(coqui, voice, speed=0.8)
    assert spoken.waveform.shape == wanted.shape
    assert (spoken.waveform - wanted).abs().max() < 1e-4


def test_a_seed_decides_what_is_said_and_leaves_torchs_own_generator_alone(ours, vocoder, voice):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (
        speak(ours, ByVocoder(vocoder), voice, TEXT, Sampling(), seed, max_codes=8)
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.waveform, again.waveform)
    assert torch.equal(first.codes, again.codes)
    assert not torch.equal(first.codes, other.codes)


@pytest.fixture(scope="module")
def by_codes(reference):
    """k-means codes, as many as the GPT has."""
    return ByCodes(fit_audio_codes([reference], ARGS["gpt_start_audio_token"]))


def test_without_a_vocoder_the_codes_are_heard(ours, by_codes, voice):
    spoken = speak(ours, by_codes, Voice(voice.latents, None), TEXT, GREEDY, seed=0, max_codes=12)
    assert spoken.sample_rate_hz == SAMPLE_RATE_HZ
    num_sounds = int((spoken.codes < ARGS["gpt_start_audio_token"]).sum())
    assert spoken.waveform.shape == (1024 * num_sounds,)
    assert bool(spoken.waveform.isfinite().all())
    assert spoken.waveform.abs().max() > 1e-3


def test_start_codes_are_no_sound_and_no_codes_are_silence(by_codes, voice):
    sounds = torch.tensor([3, 4, 5])
    with_start = torch.tensor([3, 64, 4, 5, 64])
    states = torch.zeros(3, 64)
    assert torch.equal(
        by_codes(with_start, states, voice, 1.0), by_codes(sounds, states, voice, 1.0)
    )
    assert by_codes(torch.tensor([64]), states, voice, 1.0).shape == (0,)
    assert by_codes(sounds, states, voice, 2.0).shape == (2 * 3 * 1024,)


@pytest.mark.parametrize(
    ("num_codes", "num_characters", "verdict"),
    [
        (75, 50, None),  # as typical
        (0, 1, "short"),
        (1, 1, None),
        (26, 50, "short"),  # 75 / 2 - 10.8
        (27, 50, None),
        (182, 50, None),
        (183, 50, "long"),  # 75 * 2 + 32.3
        (39, 2, "long"),
        (30, 2, None),  # a word with a pause around it
    ],
)
def test_speech_of_an_odd_duration_is_told(num_codes, num_characters, verdict):
    assert odd_duration(num_codes, num_characters, typical=1.5) == verdict


def test_what_is_typical_weighs_long_clips_more():
    assert codes_per_character([10, 100], [10, 50]) == pytest.approx(110 / 60)
