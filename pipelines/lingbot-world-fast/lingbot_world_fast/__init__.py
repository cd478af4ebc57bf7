"""
LingBot-World-Fast behind the library `telefuser_world`: settings, a look at the model files before anything heavy is imported, what
the model needs of a GPU's memory, and the one place that touches the `telefuser` package.
"""
