"""A small training setup of each system: its audio, its recipe, and where its parts are."""

from collections.abc import Mapping

from benchmarks.mutants.setups import audio_vae, codec, higgs, rvc, xtts
from benchmarks.mutants.setups.setup import Setup

SETUPS: Mapping[str, Setup] = {
    module.SETUP.system: module.SETUP for module in (audio_vae, codec, xtts, rvc, higgs)
}
