"""The discriminators of RVC's two versions."""

from engine.nn.discriminators import Discriminators, Precision, hifi_gan_discriminators
from engine.systems.rvc.network.settings import Version

PERIODS: dict[Version, tuple[int, ...]] = {
    "v1": (2, 3, 5, 7, 11, 17),
    "v2": (2, 3, 5, 7, 11, 17, 23, 37),
}


def published_discriminators(version: Version, precision: Precision = "same") -> Discriminators:
    """The discriminators of `f0D40k.pth` and so on: of the waveform, and one for each period."""
    return hifi_gan_discriminators(PERIODS[version], precision)
