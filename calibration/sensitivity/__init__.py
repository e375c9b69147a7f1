"""Which layers a quantized model loses its accuracy in, and the cheapest mix of precisions that keeps enough of it.

It knows no models: layers are items with options, and a mix of options is judged by whoever asks (`mix.Evaluate`).
"""
