"""Rewrites of the `tfl` dialect: fusion and clean-up."""
