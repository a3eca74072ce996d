"""The retrieval index. Importing any of it raises UserError where faiss is not installed."""

from engine.files.packages import require_package

require_package("faiss", "faiss-cpu", "The retrieval index of RVC")
