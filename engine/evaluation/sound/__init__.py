"""Clips that sound alike although their samples differ: fingerprints, and how they are compared."""
