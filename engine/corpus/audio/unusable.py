"""Why a file cannot be a clip."""

from engine.corpus.store.manifest import Reason


class UnusableError(Exception):
    """Why a file cannot be a clip: a reason of the manifest's closed list, and the particulars."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
