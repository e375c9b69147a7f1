"""Dynamic shapes: a model is lowered at several sizes, and the file made right for all of them."""
