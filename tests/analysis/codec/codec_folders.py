"""Folders of tiny codecs of each family, never trained, whose codebooks are drawn at random."""

import torch
from transformers import (
    DacConfig,
    DacModel,
    EncodecConfig,
    EncodecModel,
    HiggsAudioV2TokenizerConfig,
    HiggsAudioV2TokenizerModel,
    LlamaConfig,
    LlamaForCausalLM,
    MimiConfig,
    MimiModel,
)

_HUBERT = {
    "model_type": "hubert",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
_HIGGS_RATIOS = [8, 5, 4, 2, 3]


def _dac(ratios=(2, 4, 8)):
    return DacModel(
        DacConfig(
            encoder_hidden_size=4,
            decoder_hidden_size=32,
            n_codebooks=4,
            codebook_size=16,
            codebook_dim=4,
            downsampling_ratios=list(ratios),
            sampling_rate=8_000,
        )
    )


def _dac_of_odd_strides():
    return _dac((2, 5, 3))


def _untrained_higgs():
    """With the frames and codebooks of the released one: 25 a second, 8 x 1024."""
    acoustic = {
        "model_type": "dac",
        "encoder_hidden_size": 4,
        "downsampling_ratios": _HIGGS_RATIOS,
        "upsampling_ratios": _HIGGS_RATIOS,
        "decoder_hidden_size": 64,
        "hidden_size": 16,
    }
    return HiggsAudioV2TokenizerModel(
        HiggsAudioV2TokenizerConfig(
            target_bandwidths=[0.5, 1, 1.5, 2],
            codebook_dim=8,
            acoustic_model_config=acoustic,
            semantic_model_config=_HUBERT,
        )
    )


def _higgs():
    model = _untrained_higgs()
    for quantizer in model.quantizer.quantizers:
        quantizer.codebook.embed.normal_(std=0.1)
    return model


def _encodec(**changes):
    settings = {
        "num_filters": 4,
        "hidden_size": 16,
        "codebook_dim": 16,
        "codebook_size": 16,
        "upsampling_ratios": [4, 4, 2],
        "num_lstm_layers": 1,
        "target_bandwidths": [3.0, 12.0],
    }
    model = EncodecModel(EncodecConfig(**(settings | changes)))
    audio = torch.randn(1, 1, 3_200) * torch.linspace(0, 0.3, 3_200)
    for layer in model.quantizer.layers:
        latents = model.encoder(audio.expand(1, model.config.audio_channels, -1))[0].T.detach()
        layer.codebook.embed.copy_(latents[torch.randperm(len(latents))[:16]])
    return model


def _mimi():
    model = MimiModel(
        MimiConfig(
            hidden_size=32,
            num_filters=4,
            codebook_size=16,
            codebook_dim=8,
            num_quantizers=4,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=16,
            intermediate_size=32,
            vector_quantization_hidden_dimension=8,
            upsample_groups=32,
        )
    )
    for name, buffer in model.named_buffers():
        if name.endswith("embed_sum"):
            buffer.normal_(std=0.01)
    return model


def _llama():
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "intermediate_size": 8}
    return LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=1, vocab_size=10))


def _stereo_encodec():
    return _encodec(audio_channels=2)


_MODELS = {
    "dac": _dac,
    "dac_of_odd_strides": _dac_of_odd_strides,
    "higgs": _higgs,
    "untrained_higgs": _untrained_higgs,
    "encodec": _encodec,
    "stereo_encodec": _stereo_encodec,
    "mimi": _mimi,
    "llama": _llama,
}


def save_codec(folder, kind, seed=0):
    """Write the folder of a model; the model."""
    torch.manual_seed(seed)
    with torch.no_grad():
        model = _MODELS[kind]().eval()
    model.save_pretrained(folder)
    return model
