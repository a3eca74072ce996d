"""`cantus encode`: audio files to `.dac` files."""

from pathlib import Path

import click

from engine.system_support.device import device_option
from engine.system_support.file_options import force_option, output_folder_option
from engine.systems.codec.command_line.options import (
    files_argument,
    model_option,
    quantizers_option,
)


@click.command()
@files_argument
@model_option
@output_folder_option
@quantizers_option
@device_option
@force_option
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    quantizers: int | None,
    device: str,
    force: bool,
) -> int:
    """Code audio as .dac files, which `dac` reads too.

    FILE is an audio file of any format, length, rate and number of channels, or a folder: then all
    audio below it is coded. Each channel is coded separately. Memory does not grow with the length
    of a file, and the codes are those of the whole file. A .dac file is larger than the bitrate
    says, since its format writes each code in 16 bits, even a code of 10 bits.

    \b
    Examples:
      cantus encode speech.wav --model codec_dac_fixed
      cantus encode recordings --model codec_dac_fixed --output coded
      cantus encode music/*.flac --model weights_44khz.pth --output coded --quantizers 4
    """
    from engine.system_support.each_file import each_file, nothing_left
    from engine.system_support.file_jobs import Job, find_jobs
    from engine.systems.codec.command_line.find_codec import find_codec

    batch = find_jobs(files, output, ".dac", force=force)
    weights = find_codec(model)
    if nothing_left(batch, "encoded"):
        return batch.code

    from engine.systems.codec.command_line.open_codec import open_codec
    from engine.systems.codec.files.code_file import encode_file
    from engine.systems.codec.files.dac_file import write_dac_file

    codec = open_codec(weights, device, quantizers)

    def encode(job: Job, _: object) -> str:
        coded = encode_file(codec, job.source, quantizers)
        write_dac_file(coded, job.target)
        seconds = coded.num_samples / coded.sample_rate_hz
        kbps = codec.bits_per_second(coded) / 1000
        on_disk = 8 * job.target.stat().st_size / seconds / 1000
        return f"{seconds:,.1f} s at {kbps:.3g} kbps of codes, {on_disk:.3g} kbps on disk"

    return each_file(batch, "encoding", "encoded", encode)
