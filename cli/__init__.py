"""Thin click commands: parse, call one function, print, exit status. No logic that the Python API lacks."""
