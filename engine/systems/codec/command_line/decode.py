"""`cantus decode`: `.dac` files to audio."""

from pathlib import Path

import click

from engine.system_support.device import device_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    required=True,
    help="The codec that encoded the files: a recipe, a weights.pth, or a DacModel's folder.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder. [default: beside each]")
@click.option("--float", "as_float", is_flag=True, help="32-bit float samples instead of 16 bits.")
@device_option
@click.option("--force", is_flag=True, help="Overwrite what exists.")
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    as_float: bool,
    device: str,
    force: bool,
) -> int:
    """Decode .dac FILES of `cantus encode`, or of `dac`, to WAV files.

    Each WAV file has the length, sample rate, channels and level of the original. `dac encode` cuts
    audio longer than 5 s into windows, and only `dac` decodes such files: give it a --win_duration
    above the audio's length. `dac decode` reads the files of `cantus encode`.

    \b
    Examples:
      cantus decode speech.dac --model dac_16khz --output decoded
    """
    from engine.system_support.each_file import Job, each_file, jobs_for
    from engine.systems.codec.command_line.codec_files import open_codec
    from engine.systems.codec.files.code_file import decode_file
    from engine.systems.codec.files.dac_file import read_dac_file

    codec = open_codec(model, device)

    def decode(job: Job, _: object) -> str:
        coded = read_dac_file(job.source)
        decode_file(codec, coded, job.target, as_float=as_float)
        return f"{coded.num_samples / coded.sample_rate_hz:,.1f} s at {coded.sample_rate_hz:,} Hz"

    return each_file(jobs_for(files, output, ".wav"), "decoding", decode, force=force).code
