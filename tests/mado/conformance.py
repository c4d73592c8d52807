"""Our link documents beside the profiles of IHE RAD MADO, which are compiled from their public sources for it.

    python tests/mado/conformance.py FOLDER [--with FOLDER,FOLDER] [--write-docs]

FOLDER is a working copy of the repository IHE/RAD.MADO; those behind `--with` have the packages that it depends on, in
the order in which they need each other (docs/reference/mado.md names them). Nothing of them is kept here. Ends with 1
where an example that has to be a manifest of MADO has an error, or where a broken one passes.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from mado import command

    sys.exit(command.main(__doc__))
