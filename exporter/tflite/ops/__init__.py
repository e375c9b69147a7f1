"""One file per operator family; importing the package's modules registers the handlers (see `registry`)."""
