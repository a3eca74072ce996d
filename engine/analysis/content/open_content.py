"""The content encoders there are, by their kinds."""

from pathlib import Path
from typing import Any, Literal

import torch

from engine.analysis.content.contentvec import ContentVec
from engine.analysis.content.encoder import ContentEncoder
from engine.analysis.content.logmel import LogMel

ContentKind = Literal["contentvec", "logmel"]


def open_content(
    kind: ContentKind,
    *,
    dim: int,
    device: torch.device,
    folder: Path | None = None,
    **settings: Any,
) -> ContentEncoder:
    """The content encoder of a kind: ContentVec from a `folder`, or log mels by `settings`.

    `settings` are those of `LogMel`. Raises UserError where the folder holds no ContentVec with
    features of `dim`.
    """
    if kind == "logmel":
        return LogMel(dim=dim, **settings)
    assert folder is not None, "ContentVec is read from a folder"
    return ContentVec.open(folder, dim, device)
