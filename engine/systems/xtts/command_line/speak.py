"""`cantus speak`: text spoken by a trained model, in the voice of a recording."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.system_support.completing import of_system, trained_models
from engine.system_support.device import device_option
from engine.system_support.file_options import force_option
from engine.system_support.speech_options import (
    FiniteRange,
    require_free,
    require_wav,
    sampling_options,
    seeds_option,
    text_of_file,
)

if TYPE_CHECKING:
    from engine.systems.xtts.command_line.speaking_model import SpeakingModel
    from engine.systems.xtts.speech.speak import Voice
    from engine.systems.xtts.speech.split_text import Piece
    from engine.systems.xtts.speech.text_to_file import Speakable


@click.command()
@click.argument("model", shell_complete=trained_models(of_system("xtts")))
@click.argument("text", required=False)
@click.option(
    "--text-file",
    type=click.Path(path_type=Path),
    help="Speak the text of this file, which is in UTF-8.",
)
@click.option(
    "--voice",
    type=click.Path(path_type=Path),
    help="Recording of the voice, 3 to 30 s of speech.  [default: the model's first sample]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="speech.wav",
    show_default=True,
    help="WAV to write; with several seeds speech_seed1.wav and so on.",
)
@seeds_option
@click.option("--language", help="Language of the text.  [default: the recipe's]")
@sampling_options
@click.option(
    "--repetition-penalty",
    type=FiniteRange(0, min_open=True),
    help="Penalty on codes that were spoken already.",
)
@device_option
@force_option
def command(
    model: str,
    text: str | None,
    text_file: Path | None,
    voice: Path | None,
    output: Path,
    seeds: list[int],
    language: str | None,
    device: str,
    force: bool,
    **sampling: float | None,
) -> None:
    """Speak TEXT with MODEL.

    MODEL is a trained recipe, or a folder with model.pth. Text of any length is spoken sentence by
    sentence; a sentence ends at its punctuation mark, or at the end of a line. The same seed gives
    the same file. Speech is sampled by the recipe's [speech], unless an option overrides it.

    \b
    Examples:
      cantus speak xtts_phase2 "Jó napot!" --voice reference.wav --output speech.wav
      cantus speak xtts_phase2 --text-file lines.txt --voice reference.mp3 --seeds 1,2,3
    """
    words = _text(text, text_file)
    outputs = _outputs(output, seeds)
    require_free(outputs, "--output", force=force)

    from engine.systems.xtts.command_line.find_speaking_model import (
        find_speaking_model,
        find_voice,
    )

    found = find_speaking_model(model)
    path = find_voice(voice, found)

    from engine.system_support.device import open_device
    from engine.system_support.voice_recording import read_voice
    from engine.systems.xtts.command_line.speaking_model import open_speaking_model
    from engine.systems.xtts.speech.speak import REFERENCE
    from engine.systems.xtts.speech.text_to_file import speakable
    from engine.terminal.say import say

    place = open_device(device)
    options = {name: value for name, value in sampling.items() if value is not None}
    opened = open_speaking_model(found, options, place)
    language = language or opened.language
    spoken = speakable(words, opened.exported, language, opened.dataset)
    reference = read_voice(path, REFERENCE)
    conditioning = opened.exported.reader.voice(reference.waveform)
    say(f"voice: {os.path.relpath(path)}{', its first 30 s' if reference.is_cut else ''}")
    say(f"text: {_summary(spoken)}")
    _speak(opened, spoken.pieces, language, conditioning, outputs)


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise click.UsageError("Give TEXT or --text-file, one of the two.")
    if file is None:
        return str(text)
    return text_of_file(file)


def _outputs(output: Path, seeds: Sequence[int]) -> Mapping[Path, int | None]:
    """The files and the seed of each; None for the recipe's."""
    require_wav(output, "--output")
    if len(seeds) < 2:
        return {output: next(iter(seeds), None)}
    return {output.with_stem(f"{output.stem}_seed{seed}"): seed for seed in seeds}


def _summary(spoken: "Speakable") -> str:
    from engine.systems.xtts.speech.split_text import num_cut

    pieces = spoken.pieces
    number = sum(piece.ends_sentence for piece in pieces)
    said = f"{number:,} sentence{'s' if number > 1 else ''}"
    if cut := num_cut(pieces):
        said += f", {cut:,} of them too long for the model and split: {len(pieces):,} parts"
    if spoken.left_out:
        said += f"; left out, not in the vocabulary: {' '.join(spoken.left_out)}"
    return said


def _speak(
    opened: "SpeakingModel",
    pieces: "Sequence[Piece]",
    language: str,
    voice: "Voice",
    outputs: Mapping[Path, int | None],
) -> None:
    from engine.systems.xtts.speech.text_to_file import speak_to_file
    from engine.terminal.file_progress import file_progress
    from engine.terminal.say import say

    done, total = 0, len(pieces) * len(outputs)
    with file_progress("speaking") as progress:

        def move() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        for path, seed in outputs.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            seed = opened.speech.seeds[0] if seed is None else seed
            made = speak_to_file(opened.exported, pieces, language, voice, seed, path, move)
            say(f"{path}: {made.seconds:,.1f} s at {made.sample_rate_hz:,} Hz, seed {seed}")
            for note in made.notes:
                say(f"  {note}")
