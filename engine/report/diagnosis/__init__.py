"""What a run's figures look like: the recorded runs with planted faults that they resemble.

`figures.py` reads a run, `observations.py` says what is seen in it, `likeness.py` compares that
with the recorded runs of `signatures.json`, and `diagnosis.py` puts the result in words.
"""
