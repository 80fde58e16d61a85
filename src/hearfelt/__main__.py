"""``python -m hearfelt`` is ``hearfelt``."""

from __future__ import annotations

import sys

from hearfelt.cli import main

if __name__ == "__main__":
    sys.exit(main())
