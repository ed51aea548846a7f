#!/usr/bin/env python
"""Django's command line, plus what has to be known before the settings are read."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        from backoffice.demo_env import load_demo_env
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed for {sys.executable}. Run `make setup` and use .venv/bin/python.")
    try:
        if sys.argv[1:2] == ["demo"]:
            load_demo_env()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Not configured: {error}")
    except OSError as error:  # the data directory, or a file in it, cannot be used
        sys.exit(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
