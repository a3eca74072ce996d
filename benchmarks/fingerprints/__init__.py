"""How well fingerprints find a clip that was encoded again, cut or sped up, and nothing else."""
