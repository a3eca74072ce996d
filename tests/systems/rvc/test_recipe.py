from pathlib import Path

import pytest

from engine.recipe import load_recipe
from engine.recipe.code import training_code
from engine.recipe.faults import RecipeError
from engine.system_support.discovery import recipe_classes
from engine.systems.rvc.dataset_table import Rmvpe
from engine.systems.rvc.network.settings import published_settings
from engine.systems.rvc.networks import synthesizer_settings

RECIPES = Path(__file__).parents[3] / "recipes"


def load(name="rvc_v2_40k", *overrides):
    path = RECIPES / f"{name}.toml"
    return load_recipe(path, classes=recipe_classes(), overrides=overrides)


def fault(*overrides):
    with pytest.raises(RecipeError) as caught:
        load("rvc_v2_40k", *overrides)
    return str(caught.value)


def test_the_numbers_of_write_up_003_are_its_own():
    recipe = load()
    training, pitch = recipe.training, recipe.dataset.pitch
    assert (training.epochs, training.batch_size, training.keep_every) == (200, 8, "epoch:10")
    assert isinstance(pitch, Rmvpe)
    assert pitch.where_missing == "fcpe"
    assert (recipe.dataset.sample_rate_hz, recipe.model.version) == (40_000, "v2")


def test_what_write_up_003_leaves_to_rvc_is_as_rvc_has_it():
    recipe = load()
    losses = recipe.losses
    assert (losses.adversarial, losses.feature, losses.mel, losses.kl) == (1.0, 2.0, 45.0, 1.0)
    assert losses.stft == 0.0
    for turn in recipe.turns:
        table = recipe.optimizer[turn]
        assert (table.learning_rate, table.betas, table.epsilon) == (1e-4, (0.8, 0.99), 1e-9)
        assert table.weight_decay == 0.01
        assert (recipe.schedule[turn].gamma, recipe.schedule[turn].every) == (0.999875, "epoch")


@pytest.mark.parametrize(
    ("name", "rate", "version", "uses_f0", "segment", "num_mels"),
    [
        ("rvc_v2_40k", 40_000, "v2", True, 12_800, 125),
        ("rvc_v2_40k_pretrained", 40_000, "v2", True, 12_800, 125),
        ("rvc_v2_32k", 32_000, "v2", True, 12_800, 80),
        ("rvc_v2_48k", 48_000, "v2", True, 17_280, 128),
        ("rvc_v1_40k", 40_000, "v1", True, 12_800, 125),
        ("rvc_v2_40k_nof0", 40_000, "v2", False, 12_800, 125),
    ],
)
def test_each_recipe_has_the_sizes_of_the_published_files(
    name, rate, version, uses_f0, segment, num_mels
):
    recipe = load(name)
    assert synthesizer_settings(recipe) == published_settings(rate, version, uses_f0=uses_f0)
    assert recipe.dataset.segment_frames * recipe.model.hop_length == segment
    assert recipe.model.num_mels == num_mels
    assert recipe.model.periods == {"v1": (2, 3, 5, 7, 11, 17)}.get(
        version, (2, 3, 5, 7, 11, 17, 23, 37)
    )


def test_both_published_files_are_what_the_pretrained_recipe_starts_from():
    recipe = load("rvc_v2_40k_pretrained")
    assert recipe.published_weights == (
        "published/rvc_v2/f0G40k.pth",
        "published/rvc_v2/f0D40k.pth",
    )
    assert load().published_weights == ()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.sample_rate_hz=32000", "must multiply to 320 samples, a hundredth of a second"),
        ("dataset.sample_rate_hz=44110", "must be divisible by 100"),
        ("dataset.split='speaker_disjoint'", "a voice that is not trained cannot be evaluated"),
        ("dataset.segment_frames=400", "must be at most 370, the frames of a slice"),
        ("dataset.content={kind='logmel',num_cepstra=50}", "must be at most num_mels, 40"),
        ("model.upsample_kernels=[16,16,4]", "must have 4 values, as many as upsample_rates"),
        ("model.upsample_kernels=[15,16,4,4]", "or exceed it by an even number"),
        ("model.num_heads=5", "must divide hidden_channels, 192"),
        ("model.latent_channels=191", "must be even"),
        ("model.resblock_kernels=[3,7]", "must have 2 lists, one for each of resblock_kernels"),
        ("model.resblock_kernels=[3,7,10]", "must be odd"),
        ("model.n_fft=16384", "must lie between 64 and 8192"),
        ("model.n_fft=300", "must be at least a frame of 400 samples"),
        ("model.speaker_rows=1", None),
        ("losses={mel=0.0}", "no term compares generated with real audio"),
        ("model.discriminator.weights='f0D40k.pth'", "needs start.weights"),
        ("model.discriminator.periods=[2,2]", "must not hold a value twice"),
        ("dataset.pitch={kind='swiftf0'}", "swift_f0"),
        ("conversion.num_clips=-1", "must be at least 0"),
        ('guard."train/discriminator/accuracy_period_4".below=1.0', "no such discriminator"),
        ('guard."train/gradient_share/stft".below=1.0', "losses.stft is 0"),
        ('guard."eval/f0_cents".below=9.0', None),
        ("model.discriminator.starts_at_step=10000", "before the discriminators' step 10000"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(override, said):
    if said is None:
        load("rvc_v2_40k", override)
    else:
        assert said in fault(override)


def test_a_segment_longer_than_a_slice_of_silence_is_refused_where_there_are_any():
    long = ("dataset.segment_frames=299", "dataset.slice_seconds=4.0")
    assert "at most 298, the frames of a slice of silence" in fault(*long)
    assert load("rvc_v2_40k", *long, "dataset.num_mute_clips=0").dataset.segment_frames == 299
    assert load("rvc_v2_40k", "dataset.segment_frames=298").dataset.segment_frames == 298


def test_more_speakers_than_rows_are_refused():
    said = fault("model.speaker_rows=1", 'dataset.speakers=["anna","bert"]')
    assert "must be at least 2" in said


def test_figures_of_pitch_may_not_be_relied_on_without_pitch():
    said = fault("dataset.pitch={kind='none'}", 'guard."eval/f0_cents".below=9.0')
    assert "dataset.pitch is 'none'" in said
    load("rvc_v2_40k_nof0")  # the system's own guards over pitch ask nothing of it


def test_figures_of_conversion_may_not_be_relied_on_without_any():
    said = fault("conversion.num_clips=0", 'guard."eval/conversion/f0_cents".below=9.0')
    assert "conversion.num_clips is 0" in said


def test_the_code_that_exports_and_converts_is_no_part_of_a_run():
    trained = training_code(load()).keys()
    package = "engine.systems.rvc"
    assert {
        f"{package}.{name}" for name in ("conversions", "files.pretrained", "evaluate")
    } <= trained
    apart = tuple(
        f"{package}.{name}" for name in ("conversion.", "files.export", "index", "export")
    )
    assert [name for name in trained if name.startswith(apart)] == []
