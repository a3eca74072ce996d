"""A scheduler that wants its machine back."""

import os
import signal

from engine.training.watcher import Silent


class StopsAt(Silent):
    """Sends this process a signal after a step; keeps what was said."""

    def __init__(self, step=None):
        self.step, self.said = step, []

    def say(self, sentence):
        self.said.append(sentence)

    def progress(self, progress):
        if progress.step == self.step:
            os.kill(os.getpid(), signal.SIGTERM)
