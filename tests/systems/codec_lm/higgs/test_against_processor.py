"""Our sequences beside those of transformers' HiggsAudioV2Processor, and why not its labels."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.systems.codec_lm.higgs.template import CHAT_TEMPLATE
from engine.systems.codec_lm.higgs.tokens import AUDIO_OUT_BOS, BEGIN_OF_TEXT, END_OF_TEXT
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.pieces import AudioPiece, TextPiece
from tests.systems.codec_lm.conftest import INSTRUCTION, TEXTS
from tests.systems.codec_lm.sequence_ids import input_ids

REFERENCE_TEXT, TEXT = "  Note: the time is 10:30.\n", "日本語 and  two spaces\nand more"


@pytest.fixture(scope="module")
def make_processor(small_tokens):
    """transformers' processor; its codec gives these codes [frames, K], clip after clip."""
    import tokenizers
    import transformers

    class Codec(transformers.HiggsAudioV2TokenizerModel):
        device = torch.device("cpu")

        def __init__(self, codes):
            torch.nn.Module.__init__(self)
            self.config = SimpleNamespace(num_quantizers=codes[0].shape[1])
            self.codes = iter(codes)

        def encode(self, input_values):
            return SimpleNamespace(audio_codes=next(self.codes).T[None])

    def make(codes, books):
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizers.Tokenizer.from_str(small_tokens.content),
            bos_token=BEGIN_OF_TEXT,
            pad_token=END_OF_TEXT,
        )
        return transformers.HiggsAudioV2Processor(
            transformers.DacFeatureExtractor(sampling_rate=24_000, hop_length=1),
            tokenizer,
            Codec(codes),
            chat_template=CHAT_TEMPLATE,
            audio_stream_bos_id=books.bos,
            audio_stream_eos_id=books.eos,
        )

    return make


def conversation(*turns):
    """A text is what the user says, and an array what the assistant does."""
    roles = {str: ("user", "text", "text"), np.ndarray: ("assistant", "audio", "audio")}
    messages = [{"role": "system", "content": [{"type": "text", "text": INSTRUCTION}]}]
    for turn in turns:
        role, kind, key = roles[type(turn)]
        messages.append({"role": role, "content": [{"type": kind, key: turn}]})
    return messages


@pytest.fixture
def case(make_chat, make_codes):
    """The chat of the released model's codebooks, and the codes of two clips."""
    chat = make_chat(8, 1024)
    return chat, make_codes(50, chat.codebooks), make_codes(100, chat.codebooks, seed=1)


def our_ids(chat, text):
    return torch.tensor(chat.tokens.encode(text))


def processed(processor, messages, audio, **options):
    prompt = processor.apply_chat_template(messages, **options)
    return processor(text=prompt, audio=audio, output_labels=True, return_tensors="pt")


@pytest.mark.parametrize("text", [TEXT, *TEXTS])
def test_sequence_and_codes_are_those_of_the_processor(make_processor, case, text):
    chat, reference, target = case
    audio = [np.zeros(64, np.float32)] * 2
    messages = conversation(REFERENCE_TEXT, audio[0], text, audio[1])
    theirs = processed(make_processor([reference, target], chat.codebooks), messages, audio)
    ours = chat.pieces(our_ids(chat, text), our_ids(chat, REFERENCE_TEXT), reference, target)
    assert input_ids(chat, ours).equal(theirs["input_ids"][0])
    columns = torch.cat([piece.columns for piece in ours if isinstance(piece, AudioPiece)])
    assert columns.equal(theirs["audio_input_ids"][0])


def test_a_prompt_is_that_of_the_processor(make_processor, case):
    chat, reference, _ = case
    audio = [np.zeros(64, np.float32)]
    messages = conversation(REFERENCE_TEXT, audio[0], TEXT)
    processor = make_processor([reference], chat.codebooks)
    theirs = processed(processor, messages, audio, add_generation_prompt=True)
    ours = chat.pieces(our_ids(chat, TEXT), our_ids(chat, REFERENCE_TEXT), reference, None)
    assert input_ids(chat, ours).equal(theirs["input_ids"][0])


def test_the_processors_labels_are_wrong_for_training_and_ours_are_not(make_processor, case):
    chat, reference, target = case
    audio, books = [np.zeros(64, np.float32)] * 2, chat.codebooks
    messages = conversation(REFERENCE_TEXT, audio[0], TEXT, audio[1])
    theirs = processed(make_processor([reference, target], books), messages, audio)
    ours = chat.pieces(our_ids(chat, TEXT), our_ids(chat, REFERENCE_TEXT), reference, target)
    labels = torch.cat([piece.labels for piece in ours if isinstance(piece, AudioPiece)])
    of_reference = slice(0, len(reference) + 9)

    assert (theirs["audio_input_ids"] == books.eos).sum() > 0
    assert (theirs["audio_labels"] == books.eos).sum() == 0, "a model of these never stops"
    assert (labels == books.eos).sum() == 8

    assert (theirs["audio_labels"][0, of_reference] >= 0).sum() == 8 * len(reference)
    assert (labels[of_reference] != IGNORED).sum() == 0

    learned = torch.cat([piece.learned for piece in ours if isinstance(piece, TextPiece)])
    num_text = len(learned)
    assert learned.sum() == 3
    assert (theirs["labels"] >= 0).sum() > num_text, "all roles, and the placeholders of delays"
    assert not (theirs["labels"] == chat.tokens.id_of(AUDIO_OUT_BOS)).any(), "where audio begins"
