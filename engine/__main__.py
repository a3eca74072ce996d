"""`python -m engine` is `cantus`."""

from engine.cli import main

main()
