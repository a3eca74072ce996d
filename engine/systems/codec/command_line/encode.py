"""`cantus encode`: audio files to `.dac` files."""

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
@device_option
@click.option("--force", is_flag=True, help="Overwrite what exists.")
def command(
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    quantizers: int | None,
    device: str,
    force: bool,
) -> int:
    """Code audio FILES as .dac files, which `dac` reads too.

    Any format, length, sample rate and number of channels; each channel is coded by itself. Memory
    does not grow with a file's length, and the codes are those of the file as a whole. A .dac file
    is larger than the bitrate says: its format stores each code in 16 bits, also one of 10 bits.

    \b
    Examples:
      cantus encode speech.wav --model dac_16khz
      cantus encode music/*.flac --model weights_44khz.pth --output coded --quantizers 4
    """
    from engine.system_support.each_file import Job, each_file, jobs_for
    from engine.systems.codec.command_line.codec_files import open_codec
    from engine.systems.codec.files.code_file import encode_file
    from engine.systems.codec.files.dac_file import write_dac_file

    codec = open_codec(model, device, quantizers)

    def encode(job: Job, _: object) -> str:
        coded = encode_file(codec, job.source, quantizers)
        write_dac_file(coded, job.target)
        seconds = coded.num_samples / coded.sample_rate_hz
        kbps = codec.bits_per_second(coded) / 1000
        on_disk = 8 * job.target.stat().st_size / seconds / 1000
        return f"{seconds:,.1f} s at {kbps:.3g} kbps of codes, {on_disk:.3g} kbps on disk"

    return each_file(jobs_for(files, output, ".dac"), "encoding", encode, force=force).code
