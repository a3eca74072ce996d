"""What `--json` prints: one attrs class for each command, with its version."""
