"""The commands of `portproof devices`, a file each."""
