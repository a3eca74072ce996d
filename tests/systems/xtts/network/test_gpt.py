"""Against upstream's GPT: weights, losses, gradients, latents. And what holds for ours alone."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.systems.xtts.network.gpt import NUM_STOPS, GptSettings, XttsGpt

PUBLISHED = GptSettings(
    num_layers=30,
    dim=1024,
    num_heads=16,
    num_text_tokens=6681,
    start_text_token=261,
    stop_text_token=0,
    num_audio_tokens=1026,
    start_audio_token=1024,
    stop_audio_token=1025,
)
CONFIG = {
    "model_args": {
        "gpt_layers": 30,
        "gpt_n_model_channels": 1024,
        "gpt_n_heads": 16,
        "gpt_number_text_tokens": 6681,
        "gpt_start_text_token": None,
        "gpt_stop_text_token": None,
        "gpt_num_audio_tokens": 1026,
        "gpt_start_audio_token": 1024,
        "gpt_stop_audio_token": 1025,
        "gpt_max_audio_tokens": 605,
        "gpt_max_text_tokens": 402,
        "gpt_max_prompt_tokens": 70,
        "gpt_code_stride_len": 1024,
        "gpt_use_perceiver_resampler": True,
    }
}


def costs(network, clips):
    return network(network.condition(clips.mels), *clips[1:])


def upstream_losses(network, clips):
    """Upstream's text and audio loss, and its code logits [B, codes, positions].

    It takes what stands behind a text for targets where that is the STOP token, so it does here.
    """
    text = clips.text.clone()
    for row, length in zip(text, clips.text_lengths, strict=True):
        row[length:] = network.stop_text_token
    samples = clips.code_lengths * network.code_stride_len
    return network(text, clips.text_lengths, clips.codes.clone(), samples, cond_mels=clips.mels)


def test_weights_load_both_ways_and_are_the_same(same_gpt, upstream_gpt, make_upstream_gpt):
    ours, theirs = same_gpt.state_dict(), upstream_gpt.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert torch.equal(ours[name], tensor), name
        assert ours[name].dtype == tensor.dtype
    back = make_upstream_gpt()
    back.load_state_dict(ours, strict=True)
    assert all(torch.equal(value, theirs[name]) for name, value in back.state_dict().items())


def test_the_published_size_has_upstreams_426_names_and_shapes(make_upstream_gpt):
    with torch.device("meta"):
        ours, theirs = XttsGpt(PUBLISHED).state_dict(), make_upstream_gpt(PUBLISHED).state_dict()
    assert len(ours) == 426
    assert {n: t.shape for n, t in ours.items()} == {n: t.shape for n, t in theirs.items()}
    assert sum(tensor.numel() for tensor in ours.values()) == 441_018_563


def test_it_starts_as_upstreams_starts(make_upstream_gpt):
    torch.manual_seed(5)
    ours, theirs = XttsGpt(GptSettings(**SMALL)), make_upstream_gpt(GptSettings(**SMALL))
    for name, tensor in theirs.state_dict().items():
        own = ours.state_dict()[name]
        assert own.std().item() == pytest.approx(tensor.std().item(), rel=0.15), name
        assert own.mean().item() == pytest.approx(tensor.mean().item(), abs=0.1), name


def test_losses_are_upstreams(same_gpt, upstream_gpt, clips):
    with torch.no_grad():
        text_loss, audio_loss, _ = upstream_losses(upstream_gpt, clips)
        ours = costs(same_gpt, clips)
    text, audio = (
        ours.text_nats.sum() / ours.num_text.sum(),
        ours.audio_nats.sum() / ours.num_audio.sum(),
    )
    assert text.item() == pytest.approx(text_loss.item(), rel=1e-5)
    assert audio.item() == pytest.approx(audio_loss.item(), rel=1e-5)


def test_gradients_are_upstreams(same_gpt, upstream_gpt, clips):
    theirs = deepcopy(upstream_gpt)
    text_loss, audio_loss, _ = upstream_losses(theirs, clips)
    (0.01 * text_loss + audio_loss).backward()
    ours = costs(same_gpt, clips)
    text, audio = (
        ours.text_nats.sum() / ours.num_text.sum(),
        ours.audio_nats.sum() / ours.num_audio.sum(),
    )
    (0.01 * text + audio).backward()
    given = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    own = {name: parameter.grad for name, parameter in same_gpt.named_parameters()}
    for name, gradient in given.items():
        off = (own[name] - gradient).norm() / gradient.norm()
        assert off < 1e-5, f"{name}: {off}"


def test_what_each_clip_costs_is_what_upstreams_logits_say(same_gpt, upstream_gpt, clips):
    with torch.no_grad():
        logits = upstream_losses(upstream_gpt, clips)[2]
        ours = costs(same_gpt, clips)
    for row, length in enumerate(clips.code_lengths.tolist()):
        said = clips.codes[row, :length].tolist() + [65] * NUM_STOPS
        own = logits[row, :, : len(said)].T
        nats = nn.functional.cross_entropy(own, torch.tensor(said), reduction="none")
        assert ours.num_audio[row] == len(said)
        assert ours.audio_nats[row].item() == pytest.approx(nats.sum().item(), rel=1e-5)
        assert ours.stop_nats[row].item() == pytest.approx(nats[length:].sum().item(), rel=1e-5)
        assert ours.audio_correct[row] == (own.argmax(1) == torch.tensor(said)).sum()


def test_padding_and_company_do_not_change_a_clip(gpt, clips):
    latents = gpt.condition(clips.mels)
    together = gpt(latents, *clips[1:])
    for row in range(3):
        text, codes = int(clips.text_lengths[row]), int(clips.code_lengths[row])
        alone = gpt(
            latents[row : row + 1],
            clips.text[row : row + 1, :text],
            [text],
            clips.codes[row : row + 1, :codes],
            [codes],
        )
        for name, value in alone._asdict().items():
            torch.testing.assert_close(getattr(together, name)[row : row + 1], value)


def test_another_voice_changes_what_a_clip_costs(gpt, clips):
    latents = gpt.condition(clips.mels)
    own, others = gpt(latents, *clips[1:]), gpt(latents.roll(1, 0), *clips[1:])
    assert ((own.audio_nats - others.audio_nats).abs() > 1e-3).all()


def test_no_position_sees_what_comes_after_it(gpt, clips):
    clip = [entry[:1] for entry in clips[1:]]
    latents = gpt.condition(clips.mels[:1])
    before = gpt.latents(latents, *clip)[0]
    clip[2] = clip[2].clone()
    clip[2][0, 10] += 1
    after = gpt.latents(latents, *clip)[0]
    assert torch.equal(before[:11], after[:11])
    assert not torch.allclose(before[11:], after[11:])


def test_what_the_vocoder_hears_is_upstreams(same_gpt, upstream_gpt, clips):
    """Row by row: upstream speaks one text at a time, and sees padding otherwise."""
    with torch.no_grad():
        latents = same_gpt.condition(clips.mels)
        ours = same_gpt.latents(latents, *clips[1:])
        for row, length in enumerate(clips.code_lengths.tolist()):
            theirs = upstream_gpt(
                clips.text[row : row + 1, : clips.text_lengths[row]],
                clips.text_lengths[row : row + 1],
                clips.codes[row : row + 1, :length],
                clips.code_lengths[row : row + 1] * 1024,
                cond_latents=latents[row : row + 1],
                return_latent=True,
            )
            assert ours[row].shape == (length, 128)
            torch.testing.assert_close(ours[row], theirs[0], rtol=1e-4, atol=1e-4)


def test_dropout_is_heard_in_training_alone(gpt, clips):
    latents = gpt.condition(clips.mels).detach()
    calm = [gpt(latents, *clips[1:]).audio_nats for _ in range(2)]
    gpt.train()
    noisy = [gpt(latents, *clips[1:]).audio_nats for _ in range(2)]
    assert torch.equal(*calm)
    assert not torch.equal(*noisy)


def test_costs_are_fp32_under_autocast_and_close_to_those_without(gpt, clips):
    plain = costs(gpt, clips)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = costs(gpt, clips)
    assert mixed.audio_nats.dtype == mixed.text_nats.dtype == torch.float32
    torch.testing.assert_close(mixed.audio_nats, plain.audio_nats, rtol=0.05, atol=0.0)


def test_every_matrix_of_the_transformer_is_a_linear_layer_and_may_be_wrapped(gpt, clips):
    class Wrapped(nn.Module):
        def __init__(self, base):
            super().__init__()
            self.base = base

        def forward(self, x):
            return self.base(x)

    matrices = [name for name, p in gpt.gpt.named_parameters() if p.dim() == 2]
    assert len(matrices) == 4 * 3
    before, stored = costs(gpt, clips).audio_nats, gpt.state_dict()
    for name in matrices:
        owner, _, last = name.removesuffix(".weight").rpartition(".")
        linear = getattr(gpt.gpt.get_submodule(owner), last)
        assert isinstance(linear, nn.Linear)
        setattr(gpt.gpt.get_submodule(owner), last, Wrapped(linear))
    assert torch.equal(costs(gpt, clips).audio_nats, before)
    now = {name.replace(".base", ""): value for name, value in gpt.state_dict().items()}
    assert all(torch.equal(now[name], value) for name, value in stored.items())


def test_a_matrix_of_another_shape_is_refused_with_the_shape_it_has(gpt):
    state = dict(gpt.state_dict())
    state["gpt.h.0.mlp.c_fc.weight"] = torch.zeros(128, 500)
    with pytest.raises(RuntimeError, match=r"\[128, 500\]"):
        gpt.load_state_dict(state)


def test_clips_may_be_as_long_as_upstream_trains_on_and_no_longer(gpt, gpt_settings, clips):
    text = torch.full((1, gpt_settings.max_text_tokens + 1), 5)
    codes = torch.full((1, gpt_settings.max_codes + 1), 5)
    latents = gpt.condition(clips.mels[:1])
    longest = [text.shape[1] - 1], [codes.shape[1] - 1]
    assert torch.isfinite(gpt(latents, text, longest[0], codes, longest[1]).audio_nats).all()
    assert len(gpt.latents(latents, text, longest[0], codes, longest[1])[0]) == longest[1][0]
    with pytest.raises(AssertionError):
        gpt(latents, text, longest[0], codes, [codes.shape[1]])
    with pytest.raises(AssertionError):
        gpt.latents(latents, text, [text.shape[1]], codes, longest[1])


def test_settings_are_those_of_a_published_config():
    tokens = {"start_text_token": 261, "stop_text_token": 0}
    assert GptSettings.of_config(CONFIG, **tokens) == PUBLISHED
    assert GptSettings.of_config(CONFIG["model_args"], **tokens) == PUBLISHED


def test_a_config_that_says_too_little_is_refused_by_the_names_that_are_missing():
    with pytest.raises(UserError, match="gpt_start_text_token, gpt_stop_text_token"):
        GptSettings.of_config(CONFIG)
    wordy = CONFIG["model_args"] | {"gpt_layers": "30"}
    with pytest.raises(UserError, match="gpt_layers"):
        GptSettings.of_config(wordy, start_text_token=261, stop_text_token=0)


def test_a_config_of_the_first_version_is_refused():
    first = CONFIG["model_args"] | {"gpt_use_perceiver_resampler": False}
    with pytest.raises(UserError, match="XTTS v1"):
        GptSettings.of_config(first, start_text_token=261, stop_text_token=0)


SMALL = {
    "num_layers": 2,
    "dim": 64,
    "num_heads": 2,
    "num_text_tokens": 50,
    "start_text_token": 3,
    "stop_text_token": 0,
    "num_audio_tokens": 40,
    "start_audio_token": 38,
    "stop_audio_token": 39,
}
