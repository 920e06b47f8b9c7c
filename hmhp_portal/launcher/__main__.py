"""`python -m hmhp_portal.launcher COMMAND`: the launcher in a Python that has the requirements already.

For images and for tests of whole processes; `./portal` makes its own environment instead.
"""

from __future__ import annotations

import sys

from hmhp_portal.launcher import environment
from hmhp_portal.launcher.cli import main

if __name__ == "__main__":
    environment.use_this_python()
    sys.exit(main(sys.argv[1:]))
