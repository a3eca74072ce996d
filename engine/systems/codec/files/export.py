"""Export of a trained codec for other tools: `dac` weights, a `transformers` folder, figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.systems.codec.files.transformers_folder import why_inexpressible, write_transformers
from engine.systems.codec.files.weights import verify_exports, write_upstream
from engine.systems.codec.network.network import CodecNetwork

WEIGHTS, TRANSFORMERS, FACTS = "weights.pth", "transformers", "codec.json"


def export_codec(network: CodecNetwork, folder: Path, level: Mapping[str, Any], facts: Any) -> None:
    """Write `weights.pth`, `codec.json` and, where `DacModel` has this network, `transformers/`.

    Both exports are loaded with the package they are for, and must code as the network does, but
    for rounding (`verify_exports`): raises UserError otherwise. `level` is the level of the codec's
    input, `facts` the results of the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_upstream(network, folder / WEIGHTS, level)
    reason = why_inexpressible(network.settings)
    if reason is None:
        write_transformers(network, folder / TRANSFORMERS)
    verify_exports(network, folder / WEIGHTS, None if reason else folder / TRANSFORMERS)
    content = {**facts, "transformers": reason or f"{TRANSFORMERS}/: DacModel.from_pretrained"}
    (folder / FACTS).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")
