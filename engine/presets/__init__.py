"""Presets: a recipe's batch, length and evaluation by the amount of data of a corpus."""
