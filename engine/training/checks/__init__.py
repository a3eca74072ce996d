"""Checks of a run: what each looks at has a module of its own. None leaves a trace in training."""

from engine.training.checks.check import Check, Checked, settle, settle_at_the_end

__all__ = ["Check", "Checked", "settle", "settle_at_the_end"]
