"""Small files in the published formats, written with Coqui's own classes and random weights."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch

from engine.systems.xtts.text.vocabulary import character_vocabulary
from tests.systems.xtts.small_project import let_know_how_often_tokens_stop

VOCABULARY = character_vocabulary(["a small vocabulary", "egy kis szótár"], ["en", "hu"])
WIDTH, NUM_LAYERS, NUM_CODES = 64, 2, 16


def coqui() -> SimpleNamespace:
    """Coqui's classes. Importing them takes seconds."""
    from TTS.config.shared_configs import BaseDatasetConfig
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
    from TTS.tts.models.xtts import Xtts

    return SimpleNamespace(
        Xtts=Xtts,
        XttsArgs=XttsArgs,
        XttsAudioConfig=XttsAudioConfig,
        XttsConfig=XttsConfig,
        BaseDatasetConfig=BaseDatasetConfig,
    )


def small_config(classes, num_text_tokens=None):
    args = classes.XttsArgs(
        gpt_layers=NUM_LAYERS,
        gpt_n_model_channels=WIDTH,
        gpt_n_heads=2,
        gpt_max_audio_tokens=30,
        gpt_max_text_tokens=20,
        gpt_number_text_tokens=num_text_tokens,
        gpt_start_text_token=3,
        gpt_stop_text_token=0,
        gpt_num_audio_tokens=NUM_CODES + 2,
        gpt_start_audio_token=NUM_CODES,
        gpt_stop_audio_token=NUM_CODES + 1,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=WIDTH,
    )
    datasets = [classes.BaseDatasetConfig(path="somewhere")]
    return classes.XttsConfig(model_args=args, datasets=datasets, languages=["en", "hu"])


def write_published(classes, folder: Path, *, knows_stops: bool = False):
    """model.pth as Coqui published it (its configuration as objects), and what lies beside it.

    Returns the model. Where it `knows_stops`, it costs less than chance, and can be trained on.
    """
    folder.mkdir()
    (folder / "vocab.json").write_text(VOCABULARY, "utf-8")
    config = small_config(classes)
    config.model_args.tokenizer_file = str(folder / "vocab.json")
    torch.manual_seed(0)
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    model = classes.Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    model.mel_stats.copy_(torch.rand(80) + 1)
    if knows_stops:
        gpt = model.gpt
        heads = (gpt.text_head, gpt.stop_text_token), (gpt.mel_head, gpt.stop_audio_token)
        let_know_how_often_tokens_stop(heads)
    with _named_as_published(classes):
        torch.save({"config": config, "model": model.state_dict()}, folder / "model.pth")
    torch.save(model.mel_stats.clone(), folder / "mel_stats.pth")
    config.save_json(str(folder / "config.json"))
    return model


@contextmanager
def _named_as_published(classes):
    """The two classes were in another module when the weights were published."""
    moved = (classes.XttsArgs, classes.XttsAudioConfig)
    before = [kind.__module__ for kind in moved]
    for kind in moved:
        kind.__module__ = "TTS.tts.models.xtts"
    try:
        yield
    finally:
        for kind, module in zip(moved, before, strict=True):
            kind.__module__ = module
