"""What several handlers build alike."""
