"""Weights stored in fewer bits; what is computed with them stays float."""
