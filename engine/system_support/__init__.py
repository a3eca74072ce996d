"""What all model families share, and how they are found, built and called."""
