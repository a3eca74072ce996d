"""Recipes with several values and seeds: sweeps over DVC's queue, and the search for a cause."""
