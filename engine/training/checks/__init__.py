"""Checks of a run, a module for each thing that is checked. None leaves a trace in training."""

from engine.training.checks.check import (
    Check,
    Checked,
    PreflightError,
    settle,
    settle_at_the_end,
)

__all__ = ["Check", "Checked", "PreflightError", "settle", "settle_at_the_end"]
