"""Runs an artifact and measures it: adapters, parity metrics, latency. Never converts."""
