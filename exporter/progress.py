"""What a slow function tells while it works: every layer does."""

from portproof.runtimes.progress import (
    Progress,
    Silent,
)

__all__ = [
    "Progress",
    "Silent",
]
