"""The process a Python pipeline runs in, for the telefuser-stream server. Standard library only."""

__version__ = "0.1.0"
