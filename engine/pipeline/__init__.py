"""DVC's stages, derived from the recipes and params.toml."""
