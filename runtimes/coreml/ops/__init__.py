"""Kernels of the MIL operators, one family a file; semantics from Apple's MIL operator documentation."""
