"""Figures that know how they were measured: what is subtracted, and what a resampler changes."""
