"""The page that needs no server, at work: python docs/pictures/browser.py writes browser.png beside itself.

Needs the browser chromium and playwright.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from hearfelt.app.local_server import open_server
from hearfelt.app.static_page import write_static_page


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page_folder = write_static_page(Path(folder) / "site").folder
        with open_server(page_folder) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 900, "height": 1060})
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
            page.locator("html[data-ready]").wait_for()
            page.locator("#samples button").nth(1).click()
            page.locator("#bars li").first.wait_for(timeout=60_000)
            page.wait_for_timeout(1500)  # for the waveform
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=options.out / "browser.png")
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
