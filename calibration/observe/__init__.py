"""Watches the values of a float model while it runs on calibration data, and holds statistics of them only."""
