"""Renews the JavaScript libraries of the page from the npm registry: `python tools/vendor.py`.

To move to another version, change its line in `PACKAGES` and run this: it says the hash that it found and stops. Write
that hash, run it again, and write the new SHA-256 into vendor/README.md.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import tarfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

VENDOR = Path(__file__).resolve().parents[1] / "src" / "hearfelt" / "app" / "page" / "vendor"
REGISTRY = "https://registry.npmjs.org"


class Package(NamedTuple):
    """A package of the registry, and what the page takes of it."""

    name: str
    version: str
    integrity: str  # sha512 as the registry states it
    files: dict[str, str]  # member of the archive -> file in VENDOR


PACKAGES = (
    Package(
        "wavesurfer.js",
        "8.0.1",
        "h0OnRWSVTqIYLSw3/IVrBtsun/xw9L5u4FA3bjfSDTFMX/xswVWS1JwK4fFu3ulmxRUSHg8zQORl6zENG983eg==",
        {"dist/wavesurfer.esm.js": "wavesurfer.esm.js", "LICENSE": "wavesurfer.LICENSE.txt"},
    ),
    Package(
        "uplot",
        "1.6.32",
        "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        {
            "dist/uPlot.iife.min.js": "uplot.iife.min.js",
            "dist/uPlot.min.css": "uplot.min.css",
            "LICENSE": "uplot.LICENSE.txt",
        },
    ),
)


def without_style_element(source: str) -> str:
    """Have wavesurfer.js adopt its style sheet: a strict content security policy forbids its <style> element."""
    found = re.search(r"\\n      <style\$\{.*?\}>(\\n.*?)</style>\\n", source)
    if found is None or source.count("<style") != 1:
        sys.exit(
            "wavesurfer.js does not write its <style> as it did; look at initHtml and change this function."
        )
    sheet = (
        "const sheet=new CSSStyleSheet;sheet.replaceSync(`" + found[1] + "`);e.adoptedStyleSheets=[sheet];"
    )
    source = source.replace(found[0], "")
    assign = "return e.innerHTML=`"
    if source.count(assign) != 1:
        sys.exit(
            "wavesurfer.js does not fill its shadow root as it did; look at initHtml and change this function."
        )
    return source.replace(assign, sheet + assign)


CHANGES: dict[str, Callable[[str], str]] = {"wavesurfer.esm.js": without_style_element}


def fetch(package: Package) -> None:
    """Download one package, check it, and write its files."""
    address = f"{REGISTRY}/{package.name}/-/{package.name}-{package.version}.tgz"
    with urllib.request.urlopen(address, timeout=60) as response:  # noqa: S310 - the address is ours
        archive = response.read()
    integrity = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if integrity != package.integrity:
        sys.exit(f"{address} has sha512 {integrity}, expected {package.integrity}: nothing was written.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member, target in package.files.items():
            file = tar.extractfile(f"package/{member}")
            if file is None:
                sys.exit(f"{address} has no {member}.")
            text = file.read().decode("utf-8")
            (VENDOR / target).write_text(CHANGES.get(target, str)(text), encoding="utf-8")
            sys.stdout.write(f"{hashlib.sha256((VENDOR / target).read_bytes()).hexdigest()}  {target}\n")


if __name__ == "__main__":
    for one in PACKAGES:
        fetch(one)
