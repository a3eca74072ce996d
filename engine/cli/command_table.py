"""The commands of `cantus`, grouped by what people do with them, as `cantus --help` shows them."""

START = "Getting started"
TRAINING = "Training"
RESULTS = "Results"
MODELS = "Using a model"
"""Commands of systems: each system names its own."""
PLUMBING = "Called by DVC, and for scripts"

SECTIONS = {
    START: {
        "init": "Create a project in an empty folder.",
        "adopt": "Import a folder of audio as a corpus.",
        "ingest": "Check and pack the audio of a corpus.",
        "fetch": "Download published weights.",
        "new": "Write a recipe that extends another, and add its stage.",
        "check": "Read recipes and params.toml and report every fault.",
    },
    TRAINING: {
        "estimate": "Measure what a run will take: time, memory, disk, money.",
        "seeds": "Train several seeds of a recipe, and measure how they differ.",
        "sweep": "Train a recipe with several values and seeds, and compare them.",
        "bisect": "Find which lines of a recipe made its result worse.",
        "train": "Train a recipe, or continue a stopped run.",
        "status": "Show what is trained, in use and stale.",
        "why": "Explain how a run ended.",
    },
    RESULTS: {
        "report": "Rebuild the report of a run.",
        "diff": "Compare two recipes: values, metrics, which is better.",
        "compare": "Compare runs on one page, with audio players.",
        "ui": "Compare the curves of runs in a browser, with Aim or Trackio.",
        "listen": "Compare runs in a blind listening test.",
        "measure": "Measure a finished model again, with the installed versions.",
        "promote": "Put a checkpoint of a finished run into use.",
    },
    MODELS: {},
    PLUMBING: {
        "completion": "Print the script that completes commands in a shell.",
        "identity": "Print what a run's identity covers.",
        "pin-eval": "Pin a recipe's evaluation clips while its corpus grows.",
        "pipeline": "Derive dvc.yaml from the recipes.",
        "prepare": "Precompute a recipe's features (audio codes, text tokens).",
        "refs": "Refresh the git refs that `dvc metrics diff` compares.",
        "resolve": "Write a recipe with every value filled in.",
        "schema": "Print the recipe reference.",
    },
}
BUILT_IN = {name: line for section in SECTIONS.values() for name, line in section.items()}
RENAMED = {"freeze": "pin-eval", "phases": "refs", "plan": "estimate"}
SHOW_RESULTS = {"check", "compare", "diff", "report", "resolve", "ui", "why"}
"""Commands that first refresh the recipes' refs: something else may have changed results."""
