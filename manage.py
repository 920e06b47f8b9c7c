#!/usr/bin/env python
"""Django's command line. `./portal manage …` calls it with the environment of an installation."""

import os
import sys


def main() -> None:
    """Run one command; a database that does not answer is one line, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hmhp_portal.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except OperationalError as problem:
        first = (str(problem).strip().splitlines() or ["no answer"])[0]
        sys.exit(
            f"The database does not answer: {first}\n"
            "Start the portal first (./portal demo or ./portal up), and name its folder with --data DIR."
        )


if __name__ == "__main__":
    main()
