"""`cantus reconstruct`: audio through a codec and back, to judge the codec by ear."""

from pathlib import Path

import click

from engine.system_support.device import device_option
from engine.system_support.file_options import float_option, force_option, output_folder_option
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
@float_option
@device_option
@force_option
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    quantizers: int | None,
    as_float: bool,
    device: str,
    force: bool,
) -> int:
    """Code audio and decode it again, to NAME.reconstructed.wav.

    FILE is an audio file, or a folder: then all audio below it is coded, and --output is needed.
    The result is that of `cantus encode` and `cantus decode`, without a file between them.

    \b
    Examples:
      cantus reconstruct speech.wav --model codec_dac_fixed
      cantus reconstruct recordings --model codec_dac_fixed --quantizers 2 --output low
    """
    from engine.system_support.each_file import each_file, nothing_left
    from engine.system_support.file_jobs import Job, find_jobs
    from engine.systems.codec.command_line.find_codec import find_codec

    batch = find_jobs(files, output, ".reconstructed.wav", force=force)
    weights = find_codec(model)
    if nothing_left(batch, "reconstructed"):
        return batch.code

    from engine.systems.codec.command_line.open_codec import open_codec
    from engine.systems.codec.files.code_file import decode_file, encode_file

    codec = open_codec(weights, device, quantizers)

    def reconstruct(job: Job, _: object) -> str:
        coded = encode_file(codec, job.source, quantizers)
        decode_file(codec, coded, job.target, as_float=as_float)
        kbps = codec.bits_per_second(coded) / 1000
        return f"{coded.num_samples / coded.sample_rate_hz:,.1f} s through {kbps:.3g} kbps"

    return each_file(batch, "reconstructing", "reconstructed", reconstruct)
