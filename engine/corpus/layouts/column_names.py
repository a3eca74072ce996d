"""What columns of a table, and keys of JSON objects, are called."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["file", "text", "speaker", "language", "label", "list"]
"""What a column says of a clip. A list is one of the corpus's own: train, eval, test."""

ROLES: tuple[Role, ...] = get_args(Role)

NAMES: Mapping[Role, tuple[str, ...]] = {
    "file": (
        *("audio_file", "path", "file_name", "wav_filename", "audio_filepath", "filename", "file"),
        *("file_path", "filepath", "audio_path", "audio_filename", "audio_name", "audio_url"),
        *("audio", "wav_file", "wav_path", "wavfile", "wav", "sound_file", "fname", "recording"),
        *("clip", "clip_path", "clip_name", "id", "audio_id", "clip_id", "utt_id", "utt"),
        *("utterance_id", "segment_id", "key"),
    ),
    "text": (
        *("normalised", "normalized", "normalized_text", "text_normalized", "normalised_text"),
        *("normalized_transcription", "normalized_transcript", "clean_text", "cleaned_text"),
        *("text", "sentence", "transcription", "transcript", "transcripts", "txt", "utterance"),
        *("raw_transcription", "raw_transcript", "raw_text", "original_text", "caption"),
    ),
    "speaker": (
        *("speaker", "speaker_name", "speaker_id", "client_id", "spk", "spk_id", "spkid"),
        *("speakerid", "spk_name", "voice", "reader", "reader_id", "actor"),
    ),
    "language": ("language", "lang", "locale", "source_lang", "lang_id", "language_code"),
    "label": ("label", "command", "category", "class", "class_name", "keyword"),
    "list": ("split", "subset", "partition"),
}
"""In the order in which they are preferred, where a row has several."""

_ROLES: Mapping[str, Role] = {name: role for role in ROLES for name in NAMES[role]}


def plain(name: str) -> str:
    """A name as it is compared: `File Path`, `file-path` and `"file_path"` are the same."""
    return re.sub(r"[\s_-]+", "_", name.strip().strip("\"'#").strip().lower())


def role_named(name: str) -> Role | None:
    """What a column of this name says; None for a name of something else."""
    return _ROLES.get(plain(name))


def preference(name: str) -> int:
    """The place of a name among those of its role: the lowest goes first."""
    role = role_named(name)
    return NAMES[role].index(plain(name)) if role else len(_ROLES)
