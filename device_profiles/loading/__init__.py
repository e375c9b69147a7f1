"""From TOML files to a profile: where they lie, what they state, how they are merged, what is wrong with them."""
