"""Whether the integer kernels of a TFLite file compute what the QDQ model says: in steps, whole and layer by layer."""
