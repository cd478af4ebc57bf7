"""
Controls, camera and control tensor of an interactive world, as LingBot-World-Fast takes them, and a service that walks through one.

Needs numpy, and `pillow_image` Pillow. Every Python pipeline of the server can import it, at every security level. Coordinates are a camera's: x to the
right, y down, z forward. Poses lead from camera to world. A *latent frame* is four video frames, the first of a session one.
"""
