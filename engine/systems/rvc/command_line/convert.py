"""`cantus convert`: recordings in a trained voice."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.system_support.completing import of_system, trained_models, words
from engine.system_support.device import device_option
from engine.system_support.file_options import float_option, force_option
from engine.systems.rvc.conversion.pitch_names import BY_NAME

if TYPE_CHECKING:  # they import torch, which `cantus --help` would wait for
    from engine.system_support.file_jobs import Batch
    from engine.systems.rvc.command_line.open_voice import OpenedVoice
    from engine.systems.rvc.conversion.voice import Wishes

_share = click.FloatRange(0, 1)
_path = click.Path(path_type=Path)


@click.command()
@click.argument("model", shell_complete=trained_models(of_system("rvc")))
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=_path)
@click.argument("output", metavar="OUT", type=_path)
@click.option("--transpose", type=click.FloatRange(-48, 48), help="Shift the pitch, in semitones.")
@click.option(
    "--auto-transpose",
    is_flag=True,
    help="Shift each file's median pitch to the voice's, in whole semitones.",
)
@click.option(
    "--index-rate",
    type=_share,
    help="Share of each feature that is retrieved from the voice's own.  [default: 0.75]",
)
@click.option(
    "--protect",
    type=click.FloatRange(0, 0.5),
    default=0.33,
    show_default=True,
    help="Factor on that share in unvoiced frames; 0.5: the same share as elsewhere.",
)
@click.option(
    "--volume-mix",
    type=_share,
    default=0.25,
    show_default=True,
    help="Loudness: 0 is the source's, 1 the model's.",
)
@click.option(
    "--pitch",
    metavar="METHOD",
    shell_complete=words(BY_NAME),
    help="fcpe, swift_f0, crepe, crepe_tiny, rmvpe or praat.  [default: the model's]",
)
@click.option(
    "--speaker", metavar="NAME|ID", help="Which voice of the model.  [default: the first]"
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 63) - 1),
    default=0,
    show_default=True,
    help="Seed of the noise.",
)
@click.option(
    "--index", type=_path, help="The added_*.index of a MODEL.pth.  [default: the one beside it]"
)
@click.option("--content", type=_path, help="Folder of the ContentVec of a MODEL.pth.")
@float_option
@device_option
@force_option
def command(
    model: str,
    sources: tuple[Path, ...],
    output: Path,
    transpose: float | None,
    auto_transpose: bool,
    index_rate: float | None,
    protect: float,
    volume_mix: float,
    pitch: str | None,
    speaker: str | None,
    seed: int,
    index: Path | None,
    content: Path | None,
    as_float: bool,
    device: str,
    force: bool,
) -> int:
    """Convert recordings to the voice of MODEL.

    MODEL is a trained recipe, or a .pth of RVC WebUI or Applio with its --index and --content. Each
    IN is an audio file of any format, rate and length, or a folder: then all audio below it is
    converted. OUT is a folder, or the WAV that one file becomes. Memory does not grow with the
    length of a file. Results of a folder that exist already are kept, so the same command continues
    where it stopped.

    \b
    Examples:
      cantus convert rvc_v2_40k song.flac converted.wav --transpose 12
      cantus convert rvc_v2_40k recordings converted --auto-transpose
      cantus convert anna.pth in.wav out.wav --index added_IVF256_Flat_nprobe_1_anna_v2.index
    """
    if auto_transpose and transpose is not None:
        raise click.UsageError("Give --transpose or --auto-transpose, not both.")

    from engine.system_support.each_file import nothing_left
    from engine.systems.rvc.command_line.files import jobs_of
    from engine.systems.rvc.command_line.models import Asked, find_model, project_of

    batch = jobs_of(sources, output, force=force)
    asked = Asked(
        model=model,
        speaker=speaker,
        pitch=pitch,
        index=index,
        index_rate=index_rate,
        content=content,
        moves_pitch=auto_transpose or transpose is not None,
        needs_median=auto_transpose,
        device=device,
    )
    project = project_of(asked)
    found = find_model(asked, project)
    if nothing_left(batch, "converted"):
        return batch.code

    from engine.systems.rvc.command_line.open_voice import open_voice
    from engine.systems.rvc.conversion.voice import Wishes

    opened = open_voice(asked, project, found)
    wishes = Wishes(
        semitones=transpose or 0.0,
        auto_transpose=auto_transpose,
        index_rate=opened.index_rate,
        protect=protect,
        volume_mix=volume_mix,
        noise_scale=opened.noise_scale,
        seed=seed,
    )
    return _convert(batch, opened, wishes, as_float=as_float)


def _convert(batch: "Batch", opened: "OpenedVoice", wishes: "Wishes", *, as_float: bool) -> int:
    """Convert every file, print what was made of each, and return the exit code."""
    from engine.system_support.each_file import each_file
    from engine.system_support.file_jobs import Job
    from engine.systems.rvc.conversion.convert import Moved, convert_file
    from engine.terminal.say import say

    voice = opened.voice
    for note in opened.notes:
        say(note)

    def convert(job: Job, moved: Moved) -> str:
        made = convert_file(voice, job.source, job.target, wishes, as_float=as_float, moved=moved)
        return made.sentence(voice.sample_rate_hz)

    return each_file(batch, "converting", "converted", convert)
