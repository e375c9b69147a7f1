"""Which integers the weights become: scales, second-order rounding, bias correction; on plain arrays."""
