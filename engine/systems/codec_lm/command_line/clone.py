"""`cantus clone`: texts spoken by a trained model, in the voice of a recording."""

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from engine.errors import UserError
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
    from engine.systems.codec_lm.command_line.cloning_model import CloningModel
    from engine.systems.codec_lm.sequence.pieces import Piece
    from engine.systems.codec_lm.speech.cloner import Cloned, Voice


@frozen
class _Line:
    """A text to synthesize."""

    text: str
    place: str
    """Where it stands, for errors."""


@click.command()
@click.argument("model", shell_complete=trained_models(of_system("codec_lm")))
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    required=True,
    help="Recording of the voice: 3 to 20 s of speech.",
)
@click.option("--reference-text", default="", help="What is said in it, word for word.")
@click.option("--text", "texts", multiple=True, help="Text to speak; may be repeated.")
@click.option(
    "--text-file",
    type=click.Path(path_type=Path),
    help="File of texts to speak, one per line, in UTF-8.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="clone.wav",
    show_default=True,
    help="WAV to write; with several texts clone_1.wav..., with several seeds clone_seed1.wav...",
)
@seeds_option
@click.option(
    "--max-seconds",
    type=FiniteRange(0, min_open=True),
    help="Cut off speech that has not ended by itself.  [default: the recipe's]",
)
@sampling_options
@click.option(
    "--ras-window",
    type=click.IntRange(0),
    help="Window of repetition-aware sampling, in columns of codes.",
)
@click.option(
    "--codec", type=click.Path(path_type=Path), help="Folder of the codec, if MODEL holds none."
)
@device_option
@force_option
def command(
    model: str,
    reference: Path,
    reference_text: str,
    texts: tuple[str, ...],
    text_file: Path | None,
    output: Path,
    seeds: list[int],
    codec: Path | None,
    device: str,
    force: bool,
    **sampling: float | None,
) -> None:
    """Speak texts with MODEL in the voice of a recording.

    MODEL is a trained recipe, or an exported folder. Each text is generated in one piece: give
    sentences, not pages. The same seed gives the same file. Speech is sampled by the recipe's
    [speech], unless an option overrides it. With --reference-text the voice is more similar.

    \b
    Examples:
      cantus clone higgs_zero_shot --reference anna.wav --reference-text "Good morning." \\
          --text "The train leaves at noon." --output noon.wav
      cantus clone higgs_zero_shot --reference anna.mp3 --text-file lines.txt --seeds 1,2,3
    """
    lines = _lines(texts, text_file)
    require_wav(output, "--output")
    outputs = _outputs(output, len(lines), seeds)
    require_free(outputs, "--output", force=force)

    from engine.systems.codec_lm.command_line.find_cloning_model import find_cloning_model

    found = find_cloning_model(model)
    if not reference.is_file():
        raise UserError(f"There is no file {reference} to take a voice from.")

    from engine.system_support.device import open_device
    from engine.systems.codec_lm.command_line.cloning_model import open_cloning_model

    options = {name: value for name, value in sampling.items() if value is not None}
    opened = open_cloning_model(found, codec, options, open_device(device))
    voice = _voice(opened, reference, reference_text)
    prompts = [_prompt(opened, voice, line) for line in lines]
    _clone(opened, prompts, seeds or opened.speech.seeds[:1], list(outputs))


def _lines(texts: Sequence[str], file: Path | None) -> list[_Line]:
    """The texts. Raises UserError where there are none."""
    from engine.terminal.say import say

    if bool(texts) == (file is not None):
        raise click.UsageError("Give --text or --text-file, one of the two.")
    if file is None:
        lines = [_Line(text, "--text") for text in texts]
    else:
        numbered = enumerate(text_of_file(file).splitlines(), start=1)
        lines = [_Line(line, f"{file}, line {number}") for number, line in numbered]
    found = [line for line in lines if line.text.strip()]
    if not found:
        raise UserError(f"There is nothing to speak in {file or '--text'}.")
    if empty := len(lines) - len(found):
        say(f"{empty} empty line{'s' if empty > 1 else ''} of {file or '--text'} left out")
    return found


def _outputs(output: Path, num_texts: int, seeds: Sequence[int]) -> list[Path]:
    """The files to write, all texts of the first seed first.

    A name has the number of its text or its seed where there are several.
    """
    texts = [f"_{number}" for number in range(1, num_texts + 1)] if num_texts > 1 else [""]
    of_seeds = [f"_seed{seed}" for seed in seeds] if len(seeds) > 1 else [""]
    return [output.with_stem(f"{output.stem}{text}{seed}") for seed in of_seeds for text in texts]


def _voice(opened: "CloningModel", path: Path, text: str) -> "Voice":
    """The voice of the recording. Raises UserError where it is cut, but its text is not."""
    from engine.system_support.voice_recording import read_voice
    from engine.terminal.say import say

    recording = read_voice(path, opened.reference)
    longest = f"{opened.reference.longest_seconds:g} s"
    if recording.is_cut and text.strip():
        raise UserError(
            f"{path} is longer than {longest}, the longest reference, and --reference-text is the "
            "text of the whole recording. Shorten both, or leave the text out: then the first "
            f"{longest} are used."
        )
    said = f", its first {longest}" if recording.is_cut else ""
    known = "" if text.strip() else "; without --reference-text the voice is less similar"
    say(f"voice: {os.path.relpath(path)}{said}{known}")
    return opened.cloner.voice(recording.waveform, text)


def _prompt(opened: "CloningModel", voice: "Voice", line: _Line) -> "Sequence[Piece]":
    try:
        return opened.cloner.prompt(voice, line.text)
    except UserError as error:
        raise UserError(f"{line.place}: {error}") from error


def _clone(
    opened: "CloningModel",
    prompts: "Sequence[Sequence[Piece]]",
    seeds: Sequence[int],
    outputs: Sequence[Path],
) -> None:
    """Write the files, some texts at a time. Raises UserError where no text was spoken."""
    from engine.systems.codec_lm.speech.generate import AT_ONCE
    from engine.systems.codec_lm.speech.sampling import sampling_of
    from engine.terminal.file_progress import file_progress

    sampling, most = sampling_of(opened.speech), opened.speech.max_seconds
    rate, paths, num_spoken = opened.cloner.codec.sample_rate_hz, iter(outputs), 0
    starts = range(0, len(prompts), AT_ONCE)
    with file_progress("cloning") as progress:
        for number, (seed, start) in enumerate(product(seeds, starts), start=1):
            some = prompts[start : start + AT_ONCE]
            for one in opened.cloner.clone(some, sampling, seed, most):
                num_spoken += _write(next(paths), one, rate, seed)
            progress(number, len(seeds) * len(starts))
    if not num_spoken:
        raise UserError("No text was spoken: each ended at once. Try other --seeds.")


def _write(path: Path, cloned: "Cloned", sample_rate_hz: int, seed: int) -> bool:
    """Write a WAV and say what it is; False where there is nothing to write."""
    from engine.corpus.audio.pcm import to_int16
    from engine.files.new_wav import new_wav
    from engine.terminal.say import say

    if not len(cloned.audio):
        say(f"{path}: not written: the speech ended at once, seed {seed}")
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_wav(path, sample_rate_hz, 1, len(cloned.audio)) as wav:
        wav.write(to_int16(cloned.audio))
    ended = "ended by itself" if cloned.generated.ended else "did not end by itself"
    seconds = len(cloned.audio) / sample_rate_hz
    say(f"{path}: {seconds:,.2f} s at {sample_rate_hz:,} Hz, seed {seed}, {ended}")
    for odd in cloned.oddities:
        say(f"  {odd}")
    return True
