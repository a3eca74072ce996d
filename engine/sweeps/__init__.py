"""Sweeps: a recipe trained with several values and seeds, over DVC's queue of experiments."""
