"""A project as `cantus init` lays it, with a copy of the engine, and with a profile of seconds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.pipeline.new_project import lay_project

ROOT = Path(__file__).parents[2]

_TINY = """
[training]
epochs = 2
batch_size = 16
log_every_steps = 1
checkpoint_every = "step:2"

[guard]
"eval/perplexity" = { action = "warn" }

[samples]
num_clips = 1
"""
_TINY_PLUS = f"{_TINY}\n[schedule.autoencoder]\nwarmup_steps = 2\n"


class Checkout:
    """Runs the real commands in it, as a user would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.first, self.weights, self.metrics = "", b"", b""
        lay_project(root)
        names = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "engine"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for name in names:
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        self.commit()

    @property
    def environment(self) -> dict[str, str]:
        """The tools of this Python first; the checkout's own engine."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PATH": path, "PYTHONPATH": str(self.root)}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command; its output is one stream."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def try_(self, *command: str) -> tuple[int, str]:
        """Exit code and output of a command."""
        process = self.start(*command)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def run(self, *command: str) -> str:
        """Output of a command that must succeed."""
        code, output = self.try_(*command)
        assert code == 0, f"{' '.join(command)} left with {code}:\n{output}"
        return output

    def commit(self) -> None:
        """Commit everything that git sees."""
        self.run("git", "add", "-A")
        who = ("-c", "user.name=t", "-c", "user.email=t@t")
        self.run("git", *who, "commit", "-q", "--allow-empty", "-m", "state")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new))

    def make_tiny(self) -> None:
        """Give the recipes a profile that takes seconds, and switch to it."""
        (self.root / "recipes/tiny").mkdir()
        for name, values in (("audio_vae", _TINY), ("audio_vae_plus", _TINY_PLUS)):
            tiny = self.root / f"recipes/tiny/{name}.toml"
            tiny.write_text(f'extends = "../{name}.toml"\n{values}')
        self.edit("recipes/audio_vae.toml", "num_train_clips = 50_000", "num_train_clips = 128")
        self.edit("recipes/audio_vae.toml", "num_eval_clips = 10_000", "num_eval_clips = 32")
        self.edit("params.toml", 'profile = "demo"', 'profile = "tiny"')
        self.edit("params.toml", 'mirrors = ["aim"]', "mirrors = []")
        self.run("cantus", "pipeline", "--write")
        self.commit()
