"""Chooses the layout of every tensor so that the transposes left move the fewest bytes."""
