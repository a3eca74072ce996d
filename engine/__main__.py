"""`python -m engine` is `cantus`."""

from engine.entry import main

main()
