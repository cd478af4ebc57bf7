"""Entry of the process: `python telefuser_host <kernel policy as JSON, or null>`, with the server's pipe as file descriptor 3."""

import sys
from pathlib import Path

if not __package__:
    # Run as a folder: Python has put this very folder first on the path, where our modules would stand in the way of the
    # pipeline's.
    parent = str(Path(__file__).resolve().parent.parent)
    sys.path[0] = parent

    from telefuser_host.process import main

    sys.path.remove(parent)
else:
    from .process import main

main(sys.argv[1:])
