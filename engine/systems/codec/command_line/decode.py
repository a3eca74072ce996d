"""`cantus decode`: `.dac` files to audio."""

from pathlib import Path

import click

from engine.system_support.device import device_option
from engine.system_support.file_options import float_option, force_option, output_folder_option
from engine.systems.codec.command_line.options import files_argument, model_option


@click.command()
@files_argument
@model_option
@output_folder_option
@float_option
@device_option
@force_option
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    as_float: bool,
    device: str,
    force: bool,
) -> int:
    """Decode .dac files of `cantus encode`, or of `dac`, to WAV files.

    FILE is a .dac file, or a folder: then all .dac files below it are decoded. The audio has the
    length, rate, channels and level of the original. `dac encode` cuts audio longer than 5 s into
    windows, and only `dac` decodes such files: give it a --win_duration above the audio's length.
    `dac decode` reads what `cantus encode` writes.

    \b
    Examples:
      cantus decode speech.dac --model codec_dac_fixed
      cantus decode coded --model codec_dac_fixed --output decoded
    """
    from engine.system_support.each_file import each_file, nothing_left
    from engine.system_support.file_jobs import Job, Kind, find_jobs
    from engine.systems.codec.command_line.find_codec import find_codec

    coded_files = Kind(".dac files", lambda path: path.suffix == ".dac")
    batch = find_jobs(files, output, ".wav", force=force, kind=coded_files)
    weights = find_codec(model)
    if nothing_left(batch, "decoded"):
        return batch.code

    from engine.systems.codec.command_line.open_codec import open_codec
    from engine.systems.codec.files.code_file import decode_file
    from engine.systems.codec.files.dac_file import read_dac_file

    codec = open_codec(weights, device)

    def decode(job: Job, _: object) -> str:
        coded = read_dac_file(job.source)
        decode_file(codec, coded, job.target, as_float=as_float)
        return f"{coded.num_samples / coded.sample_rate_hz:,.1f} s at {coded.sample_rate_hz:,} Hz"

    return each_file(batch, "decoding", "decoded", decode)
