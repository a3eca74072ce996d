"""The parts of a training setup that a diagnosis names, each with the families of faults in it.

Single families are too fine: whether no backward was run, or its gradients were cleared, shows in
the same figures, and sends the reader to the same lines.
"""

from collections.abc import Mapping

from engine.report.diagnosis.signatures import HEALTHY

PARTS: Mapping[str, tuple[str, ...]] = {
    "gradients and optimizer": ("backward", "gradients", "optimizer", "detached", "frozen"),
    "losses": ("loss",),
    "learning rate": ("rate", "precision"),
    "audio": ("data", "sampling", "loader", "features", "augmentation", "not finite"),
    "labels": ("labels", "codes", "mask", "padding"),
    "networks": ("network", "batch norm"),
    "voice, text and pitch": ("conditioning", "text", "pitch"),
    "discriminators": ("adversarial",),
    "codebook": ("codebook",),
    "kept weights": ("weights", "average"),
    "evaluation": ("evaluation", "leak", "mode"),
    HEALTHY: (HEALTHY,),
}
PART_OF = {family: part for part, families in PARTS.items() for family in families}
