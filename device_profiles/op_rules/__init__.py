"""Which operators a unit takes: data in `rules/ops-<unit>.toml`, and a function for what a list cannot say."""
