"""What several handlers emit."""
