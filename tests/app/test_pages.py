"""The page and the description of the routes: from the package alone, and nothing else of it."""

from __future__ import annotations

import re

from hearfelt.app.pages import PAGE_FOLDER


def test_the_page(client) -> None:
    answer = client.get("/")
    if not (PAGE_FOLDER / "index.html").is_file():
        assert answer.status_code == 404 and "/docs" in answer.json()["error"]
        return
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (PAGE_FOLDER / "index.html").read_bytes()
    tag = answer.headers["etag"]
    again = client.get("/", headers={"if-none-match": f'"other", W/{tag}'})
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == tag
    for path in PAGE_FOLDER.rglob("*.js"):
        found = client.get(f"/page/{path.relative_to(PAGE_FOLDER).as_posix()}")
        assert found.status_code == 200 and found.headers["content-type"].startswith("text/javascript")


def test_nothing_outside_of_the_page_is_served(client) -> None:
    for name in ("../server.py", "..%2fserver.py", "%2e%2e/server.py", "/etc/passwd", "x", "", "."):
        assert client.get(f"/page/{name}").status_code == 404, name


def test_pages_are_strict(client) -> None:
    headers = client.get("/docs").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'" and "unsafe-inline" not in policy["script-src"]
    assert policy["frame-ancestors"] == "'none'" and policy["object-src"] == "'none'"
    assert (
        "microphone=(self)" in headers["permissions-policy"]
        and headers["x-content-type-options"] == "nosniff"
    )


def test_docs_need_nothing_from_elsewhere(client) -> None:
    text = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in text
    linked = re.findall(r'(?:src|href)="?([^"> ]+)', text)
    assert linked and not [link for link in linked if "//" in link] and "<script" not in text
    assert client.get("/docs.css").headers["content-type"].startswith("text/css")
