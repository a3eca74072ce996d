"""The option `--device` of commands that run a network, and the device that it names."""

from typing import TYPE_CHECKING

import click

from engine.errors import UserError

if TYPE_CHECKING:
    import torch

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the network runs; auto: on a GPU where there is one.",
)


def open_device(name: str) -> "torch.device":
    """The device by its name, set to full single precision.

    `name` is "cpu", "cuda", or "auto": the GPU where there is one. Raises UserError where "cuda"
    is asked for and there is none.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise UserError("torch finds no CUDA device here: give --device cpu, or leave it out.")
    # TF32 keeps eleven bits of each factor, and other codes would be chosen.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device("cuda" if has_gpu and name != "cpu" else "cpu")
