"""The plan of `cantus estimate higgs_zero_shot --cards` beside what steps of small models take.

Run it from the project: python -m benchmarks.memory_plan [--positions 2048] [--dry]. Each model is
made, and two steps of AdamW, each in two parts, are done in bfloat16 on the CPU, whose allocations
torch counts. The plan is of the same sizes and sequences, as the command makes it: nothing is
computed.
"""

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import torch

from benchmarks.cantus import recipe_of
from benchmarks.keep_results import keep
from benchmarks.machine import machine
from benchmarks.memory import most_allocated
from engine.project import Project
from engine.systems.codec_lm.memory_plan import config_of, memory_plan, sequences
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.network.trainable import choose_trainable
from engine.systems.codec_lm.recipe import Adapters, CodecLmRecipe
from engine.systems.codec_lm.sequence.packing import pack
from engine.training.memory_plan import Way

SIZES = {"4 layers x 384": (4, 384, 1024), "6 layers x 512": (6, 512, 1365)}
"""Layers, width, width of each expert."""
_PROJECT = Project(Path())
"""A project that is never read: the sizes are the recipe's own."""


@click.command()
@click.option("--positions", default=2048, show_default=True, help="Of the sequences of a step.")
@click.option("--dry", is_flag=True, help="Print results, and write none.")
def main(positions: int, dry: bool) -> None:
    """Compare plan and steps of SIZES, with and without activation checkpointing."""
    torch.set_num_threads(1)
    found = dict[str, Mapping[str, float]]()
    for size, checkpointing in itertools.product(SIZES, (False, True)):
        recipe = _recipe(size, checkpointing)
        whole, *_, adapted = memory_plan(recipe, _PROJECT, positions)
        for way, adapters in ((whole, None), (adapted, Adapters())):
            name = f"{size}, {way.name}{', activation checkpointing' if checkpointing else ''}"
            found[name] = _compared(way, _measured(recipe, adapters, positions))
            print(name, found[name], flush=True)
    load = {"load_average": round(os.getloadavg()[0], 1)}
    if not dry:
        keep("memory_plan.json", f"{positions} positions", {"machine": machine(1) | load, **found})


def _recipe(size: str, checkpointing: bool) -> CodecLmRecipe:
    layers, dim, ffn_dim = SIZES[size]
    recipe = recipe_of(
        "demo/higgs_zero_shot",
        [
            f"model.num_layers={layers}",
            f"model.dim={dim}",
            f"model.ffn_dim={ffn_dim}",
            "model.num_heads=8",
            "model.num_key_heads=2",
            "model.num_text_tokens=4096",
            f"model.activation_checkpointing={str(checkpointing).lower()}",
        ],
    )
    assert isinstance(recipe, CodecLmRecipe)
    return recipe


def _measured(recipe: CodecLmRecipe, adapters: Adapters | None, positions: int) -> int:
    """Bytes of weights, and the most that two steps add to them."""
    network = _network(recipe, adapters)
    weights = sum(parameter.nbytes for parameter in network.parameters())
    return weights + most_allocated(_steps(network, recipe, positions))


def _network(recipe: CodecLmRecipe, adapters: Adapters | None) -> CodecLmNetwork:
    config, again = config_of(recipe, _PROJECT), recipe.model.activation_checkpointing
    network = CodecLmNetwork(config, activation_checkpointing=again)
    choose_trainable(network, adapters, torch.float32, torch.bfloat16)
    return network


def _steps(network: CodecLmNetwork, recipe: CodecLmRecipe, positions: int) -> Callable[[], None]:
    packed = pack(sequences(config_of(recipe, _PROJECT), positions), "cpu")
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def steps() -> None:
        optimizer = torch.optim.AdamW(learned, lr=1e-5, fused=True)
        for _ in range(2):  # the first has no moments yet in forward and backward
            for _ in range(2):  # and the first part has no gradients yet
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    cost = network(packed)
                    loss = cost.audio_ce + cost.text_ce
                del cost
                loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    return steps


def _compared(way: Way, measured: int) -> Mapping[str, float]:
    return {
        "planned_mib": round(way.total / 2**20, 1),
        "measured_mib": round(measured / 2**20, 1),
        "planned_over_measured": round(way.total / measured, 3),
    }


if __name__ == "__main__":
    main()
