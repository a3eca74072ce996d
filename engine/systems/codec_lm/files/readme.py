"""The README.md of an exported folder."""

from collections.abc import Mapping
from typing import Any

WRITTEN = "written"
"""Value of a card where the folder has a processor."""
_LOADED = """\
# A voice-cloning model of the family of Higgs Audio v2, trained with Cantus

Licence of the weights: {weights_license}

    from transformers import AutoModel, AutoProcessor, HiggsAudioV2ForConditionalGeneration

    model = HiggsAudioV2ForConditionalGeneration.from_pretrained(folder, use_text_head=True)

`use_text_head=True` is needed to train further: config.json cannot hold it. Without it transformers
leaves the text head out, and a folder that is then saved has lost it. Generation needs none.
"""
_PROCESSOR = """
The codec lies in `codec/` and is handed to the processor:

    codec = AutoModel.from_pretrained(folder + "/codec")
    processor = AutoProcessor.from_pretrained(folder, audio_tokenizer=codec)
    chat = [
        ("system", {{"type": "text", "text": {instruction!r}}}),
        ("user", {{"type": "text", "text": "the words of the reference"}}),
        ("assistant", {{"type": "audio", "path": "reference.wav"}}),
        ("user", {{"type": "text", "text": "the words to be said"}}),
    ]
    inputs = processor.apply_chat_template(
        [{{"role": role, "content": [content]}} for role, content in chat],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={{"return_tensors": "pt", "sampling_rate": {sample_rate_hz}}},
    )
    columns = model.generate(**inputs)[0, inputs["audio_input_ids"].shape[1] + 1 :]
    frames = processor.revert_delay_pattern(columns)
    frames = frames[(frames < {num_codes}).all(1).cumprod(0).bool()]
    audio = codec.decode(audio_codes=frames.T[None]).audio_values.flatten()
    processor.save_audio(audio.detach(), "said.wav", sampling_rate={sample_rate_hz})
"""
_NO_PROCESSOR = """
The codec lies in `codec/` (`AutoModel.from_pretrained`). There is no processor_config.json:
{processor}. `cantus clone` generates speech with this model.
"""
_ADAPTERS = """
`adapters/` holds the low-rank adapters alone, for `peft.PeftModel.from_pretrained(base, folder +
"/adapters")`. They were trained on the weights of {adapted}, and the weights
beside this file have them merged.
"""
_LEGACY = """
`{legacy_layout}/` holds the same weights by the names of the layout before April 2026, which
`boson_multimodal` reads.
"""


def readme(card: Mapping[str, Any]) -> str:
    """README.md of a folder, by its card."""
    parts = [_LOADED, _PROCESSOR if card["processor"] == WRITTEN else _NO_PROCESSOR]
    parts += [_ADAPTERS] if card["adapters"] else []
    parts += [_LEGACY] if card["legacy_layout"] else []
    return "".join(parts).format_map(card)
