"""How fast studies move through two nodes, beside what hospitals do today, in one run.

Makes its studies, starts the PACS and our network, lets the contenders take turns, prints medians and ratios. The rows
over a long line need root, `cc`, `ip` and /dev/net/tun, and are left out without them. A whole run takes an hour.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from benchmarks import command

    sys.exit(command.main(__doc__))
