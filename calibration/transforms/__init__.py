"""Rewrites of the float model that leave its function as it is and its values easier to quantize."""
