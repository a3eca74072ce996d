"""ONNX networks on one thread of the CPU, so that they are repeatable and leave cores to others."""

from pathlib import Path
from typing import Any


def session(path: Path | str) -> Any:
    """An onnxruntime session of the network in a file."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
