import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.systems.rvc.dataset_table import NoPitch
from engine.systems.rvc.recipe import FirstWeights, Losses
from engine.systems.rvc.training_module import RvcTrainingModule
from tests.systems.rvc.conftest import SMALL

HOP = 160
LENGTHS = (60, 50, 59)


def made(recipe, content="contentvec"):
    return RvcTrainingModule(recipe, content)


@pytest.fixture
def module(make_rvc_recipe):
    torch.manual_seed(1)
    return made(make_rvc_recipe())


@pytest.fixture
def batch():
    torch.manual_seed(2)
    frames = torch.arange(60)
    lengths = torch.tensor(LENGTHS)
    inside = (frames < lengths[:, None]).float()
    return {
        "audio": 0.1 * (torch.randn(3, 60 * HOP) * inside.repeat_interleave(HOP, 1))[:, None],
        "content": torch.randn(3, 60, 768),
        "f0": 120.0 * inside,
        "f0_coarse": torch.randint(1, 255, (3, 60)),
        "lengths": lengths,
        "speaker": torch.tensor([0, 1, 2]),
        "crop_starts": torch.tensor([0, 18, 9]),
    }


def both_turns(module, batch, step=0):
    module.begin(step)
    prepared = module.prepare(batch)
    return module.discriminator(prepared), module.generator(prepared)


def test_terms_are_those_that_weigh_something_and_all_are_finite(module, batch):
    judged, made = both_turns(module, batch)
    assert judged.losses.keys() == {"discriminator"}
    assert made.losses.keys() == {"adversarial", "feature", "mel", "kl"}
    assert all(torch.isfinite(v) for terms in (judged, made) for v in terms.losses.values())


def test_a_term_without_weight_is_not_computed(make_rvc_recipe, batch):
    losses = Losses(mel=0.0, stft=1.0, kl=0.0, feature=0.0)
    module = made(make_rvc_recipe(losses=losses))
    assert both_turns(module, batch)[1].losses.keys() == {"stft", "adversarial"}


def test_before_their_first_step_the_discriminators_are_not_heard(
    make_rvc_recipe, batch, monkeypatch
):
    module = made(make_rvc_recipe(discriminator={"starts_at_step": 5}))
    asked = []
    whole = module.discriminators.compare
    monkeypatch.setattr(module.discriminators, "compare", lambda *a: asked.append(1) or whole(*a))
    early = both_turns(module, batch, step=4)[1].losses.keys()
    assert not asked
    assert both_turns(module, batch, step=5)[1].losses.keys() - early == {"adversarial", "feature"}


def test_nothing_of_the_discriminators_turn_reaches_the_synthesizer(module, batch):
    judged, _ = both_turns(module, batch)
    judged.losses["discriminator"].backward()
    assert all(p.grad is None for p in module.network.parameters())
    assert all(p.grad is not None for p in module.discriminators.parameters())


def test_every_weight_of_the_synthesizer_learns_within_two_steps(module, batch):
    optimizer = torch.optim.SGD(module.network.parameters(), 1e-3)
    for _ in range(2):  # the flow begins as the identity: what is behind it learns a step later
        optimizer.zero_grad()
        both_turns(module, batch)[1].losses["kl"].backward(retain_graph=True)
        sum(both_turns(module, batch)[1].losses.values()).backward()
        optimizer.step()
    silent = [n for n, p in module.network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_the_health_of_each_discriminator_is_measured_under_its_name(module, batch):
    judged, made = both_turns(module, batch)
    for name in ("period_2", "period_3"):
        assert 0.0 <= float(judged.metrics[f"accuracy_{name}"]) <= 1.0
    parts = [float(judged.metrics[f"loss_over_chance_period_{n}"]) for n in (2, 3)]
    assert float(judged.metrics["loss_over_chance"]) == pytest.approx(sum(parts) / 2)
    assert float(made.metrics["feature_relative"]) > 0


def test_the_spectrogram_of_a_clip_does_not_depend_on_what_shares_its_batch(module, batch):
    together = module.spectrograms(batch["audio"][:, 0], batch["lengths"])
    for place, length in enumerate(LENGTHS):
        alone = module.spectrogram(batch["audio"][place, :, : length * HOP])
        torch.testing.assert_close(together[place : place + 1, :, :length], alone)


def test_the_target_is_the_part_of_the_recording_that_is_decoded(module, batch):
    module.begin(0)
    target = module.prepare(batch)["target"]
    assert target.shape == (3, 1, 32 * HOP)
    assert torch.equal(target[1, 0], batch["audio"][1, 0, 18 * HOP : 50 * HOP])


def test_without_pitch_nothing_of_it_is_asked_for(make_rvc_recipe, batch):
    module = made(make_rvc_recipe(dataset={"pitch": NoPitch()}))
    plain = {name: value for name, value in batch.items() if not name.startswith("f0")}
    assert torch.isfinite(both_turns(module, plain)[1].losses["mel"])


def test_the_gain_of_the_sine_is_the_recipes_or_drawn(make_rvc_recipe):
    given = made(make_rvc_recipe())
    drawn = made(make_rvc_recipe(model=evolve(SMALL, first_weights=FirstWeights())))
    assert float(given.network.dec.m_source.l_linear.weight.detach()) == 1.0
    assert float(drawn.network.dec.m_source.l_linear.weight.detach()) != 1.0


def test_a_large_gain_and_a_bias_make_pulses_with_harmonics_of_the_sine(make_rvc_recipe):
    f0, noise = torch.full((1, 100), 200.0), torch.zeros(1, 100 * HOP)

    def second_harmonic(**first):
        source = made(
            make_rvc_recipe(model=evolve(SMALL, first_weights=FirstWeights(**first)))
        ).network.dec.m_source
        spectrum = torch.fft.rfft(source(f0, noise)[0, 0].detach()).abs()
        return float(spectrum[400] / spectrum[200])

    assert second_harmonic(sine_gain=1.0) < 0.01
    assert second_harmonic(sine_gain=50.0, sine_bias=-2.0) > 0.2


def test_the_first_embedding_of_pitch_is_as_large_as_the_recipe_says(make_rvc_recipe):
    network = made(
        make_rvc_recipe(model=evolve(SMALL, first_weights=FirstWeights(pitch_deviation=0.1)))
    ).network
    assert 0.09 < float(network.enc_p.emb_pitch.weight.detach().std()) < 0.11


def test_the_first_weights_of_strided_layers_are_as_large_as_the_recipe_says(make_rvc_recipe):
    def weights(gain):
        torch.manual_seed(1)
        network = made(
            make_rvc_recipe(model=evolve(SMALL, first_weights=FirstWeights(upsample_gain=gain)))
        ).network
        return [up.weight.detach() for up in network.dec.ups]

    for larger, drawn in zip(weights(4.0), weights(1.0), strict=True):
        torch.testing.assert_close(larger, 4.0 * drawn)


def test_the_first_deviations_of_posterior_and_prior_are_moved_as_the_recipe_says(
    make_rvc_recipe, batch
):
    def deviations(moved):
        torch.manual_seed(1)
        module = made(
            make_rvc_recipe(
                model=evolve(SMALL, first_weights=FirstWeights(latent_log_deviation=moved))
            )
        )
        module.begin(0)
        found = module.prepare(batch)
        inside = found["synthesized/mask"]
        names = ("posterior_log_deviation", "prior_log_deviation")
        return [found[f"synthesized/{name}"] + 2.0 * (1 - inside) for name in names]

    for moved, drawn in zip(deviations(-2.0), deviations(0.0), strict=True):
        torch.testing.assert_close(moved[0, :, : LENGTHS[0]], drawn[0, :, : LENGTHS[0]] - 2.0)


def test_clips_decoded_from_the_prior_are_what_conversion_makes(make_rvc_recipe, batch):
    torch.manual_seed(1)
    network = made(make_rvc_recipe()).network
    noise = network.draw(3, 60)
    heard = (batch["content"], batch["f0_coarse"], batch["f0"])
    spectrogram = torch.rand(3, network.settings.num_bins, 60)
    whole = torch.zeros(3, dtype=torch.int64)
    of_clips = (batch["lengths"], batch["speaker"])
    trained = network(*heard, spectrogram, *of_clips, whole, 60, num_from_prior=2, noise=noise)
    converted = network.infer(*heard, *of_clips, noise=noise)
    torch.testing.assert_close(trained.audio[:2], converted[:2])
    assert not torch.allclose(trained.audio[2], converted[2])


def test_the_share_from_the_prior_lets_the_text_encoder_hear_the_mel_loss(make_rvc_recipe, batch):
    def heard(share):
        module = made(make_rvc_recipe(model=evolve(SMALL, prior_share=share)))
        both_turns(module, batch)[1].losses["mel"].backward()
        return module.network.enc_p.proj.weight.grad is not None

    assert heard(0.5)
    assert not heard(0.0)


def test_weights_that_know_other_content_features_are_refused(make_rvc_recipe):
    ours, theirs = made(make_rvc_recipe()), made(make_rvc_recipe(), "another one")
    with pytest.raises(UserError, match=r"another model.*dataset\.content"):
        ours.load_state_dict(theirs.state_dict())
    with pytest.raises(UserError, match="another model"):
        ours.adopted(theirs.state_dict())
    ours.load_state_dict(made(make_rvc_recipe()).state_dict())


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_in_half_precision_losses_are_computed_in_full(make_rvc_recipe, batch, precision):
    module = made(make_rvc_recipe())
    with torch.no_grad():  # a prior so narrow that half precision cannot square its inverse
        module.network.enc_p.proj.bias[SMALL.latent_channels :] = -6.0
    plain = both_turns(module, batch)[1].losses["kl"].detach()
    with torch.autocast("cpu", dtype=precision):
        judged, found = both_turns(module, batch)
    assert all(value.dtype == torch.float32 for value in found.losses.values())
    assert all(torch.isfinite(v) for terms in (judged, found) for v in terms.losses.values())
    assert found.losses["kl"].detach() == pytest.approx(float(plain), rel=0.5)
