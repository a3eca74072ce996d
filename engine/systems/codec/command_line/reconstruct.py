"""`cantus reconstruct`: audio through a codec and back, to listen to the loss."""

from pathlib import Path

import click

from engine.system_support.device import device_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    required=True,
    help="A trained codec's recipe, a weights.pth, or a DacModel's folder.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder. [default: beside each]")
@click.option(
    "--quantizers", type=int, metavar="N", help="Use the first N quantizers only: fewer bits."
)
@click.option("--float", "as_float", is_flag=True, help="32-bit float samples instead of 16 bits.")
@device_option
@click.option("--force", is_flag=True, help="Overwrite what exists.")
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    quantizers: int | None,
    as_float: bool,
    device: str,
    force: bool,
) -> int:
    """Code audio FILES and decode them again, to NAME.reconstructed.wav.

    The same as `cantus encode` and then `cantus decode`, without a .dac file in between.

    \b
    Examples:
      cantus reconstruct speech.wav --model dac_16khz
      cantus reconstruct speech.wav --model dac_16khz --quantizers 2 --output low
    """
    from engine.system_support.each_file import Job, each_file, jobs_for
    from engine.systems.codec.command_line.codec_files import open_codec
    from engine.systems.codec.files.code_file import decode_file, encode_file

    codec = open_codec(model, device, quantizers)

    def reconstruct(job: Job, _: object) -> str:
        coded = encode_file(codec, job.source, quantizers)
        decode_file(codec, coded, job.target, as_float=as_float)
        kbps = codec.bits_per_second(coded) / 1000
        return f"{coded.num_samples / coded.sample_rate_hz:,.1f} s through {kbps:.3g} kbps"

    return each_file(
        jobs_for(files, output, ".reconstructed.wav"), "reconstructing", reconstruct, force=force
    ).code
