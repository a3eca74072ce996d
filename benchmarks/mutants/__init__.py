"""Faults that people reported, put into training setups by machine, and who notices them.

    python -m benchmarks.mutants --folder SCRATCH --pieces 100

`operator.py` says what a fault is, `faults/` has them all, `setups/` the systems they are put into,
`piece.py` one training run, `score.py` what it says, `campaign.py` all runs, one after the other.
"""
