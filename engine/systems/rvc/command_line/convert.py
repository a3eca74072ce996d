"""`cantus convert`: recordings in a trained voice."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.system_support.device import device_option

if TYPE_CHECKING:  # they import torch, which `cantus --help` would wait for
    from engine.systems.rvc.command_line.files import Files
    from engine.systems.rvc.command_line.open_voice import OpenedVoice
    from engine.systems.rvc.conversion.voice import Wishes

_share = click.FloatRange(0, 1)


@click.command()
@click.argument("model")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--transpose", type=click.FloatRange(-48, 48), help="Semitones by which the pitch is shifted."
)
@click.option(
    "--auto-transpose",
    is_flag=True,
    help="Shift each file's median pitch to the voice's, by whole semitones.",
)
@click.option(
    "--index-rate",
    type=_share,
    help="Share of features that are retrieved from the voice's own.  [default: 0.75]",
)
@click.option(
    "--protect",
    type=click.FloatRange(0, 0.5),
    default=0.33,
    show_default=True,
    help="Factor of the index rate in frames without voice; 0.5: as in other frames.",
)
@click.option(
    "--volume-mix",
    type=_share,
    default=0.25,
    show_default=True,
    help="Loudness: 0 that of the source, 1 that of the model's output.",
)
@click.option(
    "--pitch",
    metavar="METHOD",
    help="fcpe, swift_f0, crepe, crepe_tiny, rmvpe or praat.  [default: the model's]",
)
@click.option("--speaker", metavar="NAME|ID", help="Speaker to convert to.  [default: the first]")
@click.option("--seed", type=click.IntRange(0, (1 << 63) - 1), default=0, show_default=True)
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="The added_*.index of a MODEL.pth.  [default: the one beside it]",
)
@click.option(
    "--content", type=click.Path(path_type=Path), help="Folder of the ContentVec of a MODEL.pth."
)
@click.option("--float", "as_float", is_flag=True, help="32-bit float samples instead of 16 bits.")
@device_option
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def command(
    model: str,
    source: Path,
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
    """Convert IN, a file or a folder, to the voice of MODEL.

    MODEL is a trained recipe, or a .pth of RVC WebUI or Applio with its --index and --content. OUT
    is a WAV, or a folder. Audio of any format, rate and length; memory does not grow with it. Of a
    folder, files that are done already are left as they are, so that it goes on where it stopped.

    \b
    Examples:
      cantus convert rvc_v2_40k song.flac converted.wav --transpose 12
      cantus convert rvc_v2_40k recordings converted --auto-transpose
      cantus convert anna.pth in.wav out.wav --index added_IVF256_Flat_nprobe_1_anna_v2.index
    """
    if auto_transpose and transpose is not None:
        raise click.UsageError("Give either --transpose or --auto-transpose.")

    from engine.systems.rvc.command_line.files import find_files
    from engine.systems.rvc.command_line.models import Asked
    from engine.systems.rvc.command_line.open_voice import open_voice
    from engine.systems.rvc.conversion.voice import Wishes

    files = find_files(source, output)
    opened = open_voice(
        Asked(
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
    )
    wishes = Wishes(
        semitones=transpose or 0.0,
        auto_transpose=auto_transpose,
        index_rate=opened.index_rate,
        protect=protect,
        volume_mix=volume_mix,
        noise_scale=opened.noise_scale,
        seed=seed,
    )
    return _convert(files, opened, wishes, as_float=as_float, force=force)


def _convert(
    files: "Files", opened: "OpenedVoice", wishes: "Wishes", *, as_float: bool, force: bool
) -> int:
    """Convert every file, print a line for each, and return the exit code."""
    from engine.system_support.each_file import Job, each_file
    from engine.systems.rvc.command_line.files import said_of
    from engine.systems.rvc.conversion.convert import Moved, convert_file
    from engine.terminal.say import say

    voice = opened.voice
    for note in opened.notes:
        say(note)

    def convert(job: Job, moved: Moved) -> str:
        made = convert_file(voice, job.source, job.target, wishes, as_float=as_float, moved=moved)
        return made.sentence(voice.sample_rate_hz)

    tally = each_file(files.jobs, "converting", convert, force=force, keep=files.is_folder)
    if files.is_folder:
        say(said_of(tally, files))
    return tally.code
