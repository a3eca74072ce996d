"""The codec, tokenizer and chat layout that turn a corpus's clips into sequences."""

from functools import cached_property

from attrs import frozen

from engine.analysis.codec.audio_codec import AudioCodec
from engine.files.checksum import digest_of
from engine.systems.codec_lm.data.references import Window
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.tokens import HiggsTokens
from engine.systems.codec_lm.recipe import CodecLmRecipe
from engine.systems.codec_lm.sequence.codebooks import Codebooks


@frozen(eq=False)
class CodecLmAssets:
    """The codec, tokenizer and chat layout without which a recipe's weights have no meaning."""

    codec: AudioCodec
    tokens: HiggsTokens
    chat: HiggsChat
    window: Window

    @classmethod
    def of(cls, recipe: CodecLmRecipe, codec: AudioCodec, tokens: HiggsTokens) -> "CodecLmAssets":
        """The assets of a recipe. Raises UserError where the codec has another sample rate."""
        dataset = recipe.dataset
        codec.require_sample_rate(dataset.sample_rate_hz)
        books = Codebooks(codec.num_codebooks, codec.codebook_size)
        longest = round(dataset.max_reference_seconds * codec.sample_rate_hz)
        window = Window(recipe.model.max_positions, codec.num_frames(longest))
        return cls(codec, tokens, HiggsChat(tokens, books, dataset.instruction), window)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of codec and chat: with another digest the same numbers have other meanings."""
        return digest_of([self.codec.digest, self.chat.digest])
