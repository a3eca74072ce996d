"""Where a fault finds what it breaks: the names that a system has for what all systems share."""

from attrs import frozen


@frozen(kw_only=True)
class Anatomy:
    """The parts of a system by their names in its batches, its module and its recipe.

    None or empty where a system has no such part: faults in it are not applied there.
    """

    turn: str
    """The turn that trains what is exported."""
    loss: str
    """Name of the main loss term."""
    second_loss: str
    """Another of its loss terms."""
    source: str
    """The entry of a batch that the networks take."""
    target: str
    """The entry that the outputs are compared with."""
    encoder: str
    """Path in the module of a part whose output the rest needs."""
    learning_rate: float
    best: str
    """The metric by which the best checkpoint is chosen."""
    audio: str | None = None
    """The entry with a waveform."""
    conditioning: tuple[str, ...] = ()
    """Entries that say whose voice it is."""
    text: tuple[str, ...] = ()
    """Entries that say what is spoken."""
    codes: str | None = None
    """The entry with the tokens that are predicted, where the system is autoregressive."""
    codebook: str | None = None
    """Path of a quantizer that is trained."""
    discriminator: str | None = None
    """The turn of the discriminators."""
    has_pitch: bool = False
    has_dropout: bool = False
    has_batch_norm: bool = False
    speakers_matter: bool = False
    """Whether the recipe uses the table's speakers for anything but the split."""
