"""The drawings of all architectures: python docs/pictures/models.py writes models/NAME.svg beside itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from hearfelt.files import write_atomically
from hearfelt.models._drawing import draw_model, to_svg
from hearfelt.models._registry import list_models


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", help="some of them; all by default")
    arguments.add_argument("--out", type=Path, default=Path(__file__).with_suffix(""))
    options = arguments.parse_args()
    for name in options.names or list_models():
        write_atomically(options.out / f"{name}.svg", to_svg(*draw_model(name)))


if __name__ == "__main__":
    main()
