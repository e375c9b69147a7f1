"""Decides which nodes compute in integers on a unit, and which values carry one encoding together."""
