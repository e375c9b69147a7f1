"""What each compute unit of a device takes of a model, found out on the build machine: nothing is written or run."""
