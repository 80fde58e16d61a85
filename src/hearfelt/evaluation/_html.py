"""The few pieces of HTML that a page needs. Everything that is text goes through `escape`."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


def escape(value: Any) -> str:
    """Text made safe for content and attributes; names that are not UTF-8 lose their odd bytes."""
    return html.escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True)


@dataclass(frozen=True)
class Raw:
    """HTML that is already safe."""

    html: str


def cell(value: Any) -> str:
    """A value as it stands in a table: numbers as they are, nothing as a dash, text escaped."""
    if isinstance(value, Raw):
        return value.html
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None or value == "" else escape(value)


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, text_columns: int = 1
) -> str:
    """A table with a caption and header cells; the first column names the rows.

    Args:
        caption: what it shows.
        header: column names.
        rows: cells; the first of each is the row's header.
        text_columns: how many columns from the left are text; the others are numbers, set right.
    """
    head = "".join(
        f'<th scope="col"{"" if k < text_columns else " class=n"}>{escape(name)}</th>'
        for k, name in enumerate(header)
    )
    body = []
    for row in rows:
        cells = [f'<th scope="row">{cell(row[0])}</th>']
        cells += [
            f"<td{'' if k < text_columns else ' class=n'}>{cell(value)}</td>"
            for k, value in enumerate(row[1:], start=1)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
        "</table></div>"
    )


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """A list of names and values; empty values are left out."""
    items = [f"<div><dt>{escape(n)}</dt><dd>{cell(v)}</dd></div>" for n, v in pairs if v not in (None, "")]
    return f'<dl class="facts">{"".join(items)}</dl>' if items else ""


def picture(light: str, dark: str, alt: str) -> str:
    """An image in both themes, as data URIs."""
    name = alt.split(".")[0]
    return (
        f'<figure class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><picture>'
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(alt)}"></picture></figure>'
    )


def section(identifier: str, title: str, *content: str) -> str:
    """A section with a heading; empty where it has no content."""
    inside = "".join(content)
    return (
        f'<section id="{identifier}" aria-labelledby="{identifier}-h">'
        f'<h2 id="{identifier}-h">{escape(title)}</h2>{inside}</section>'
        if inside
        else ""
    )


def details(summary: str, content: str) -> str:
    """Something folded away; empty where it has no content."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>" if content else ""


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{f' class={kind}' if kind else ''}>{escape(text)}</p>" if text else ""


def report_page(
    title: str,
    body: str,
    *,
    kind: str,
    heading: str,
    lead: str,
    words: str,
    links: Iterable[tuple[str, str]],
    made: tuple[str, str] | None = None,
) -> str:
    """A whole report: what it is of, a menu of its sections, the sections, and what made it when.

    Args:
        title: of the page.
        body: its sections and what stands before them.
        kind: of report.
        heading: what it is of.
        lead: what it is about, in a sentence.
        words: more of that.
        links: identifier and name of each section in the menu.
        made: version of hearfelt, and when; without, there is no footer.
    """
    menu = "".join(f'<a href="#{key}">{escape(name)}</a>' for key, name in links)
    header = (
        f'<header><p class="eyebrow">Speech emotion recognition: {escape(kind)}</p><h1>{escape(heading)}</h1>'
        f'{paragraph(lead, "lead")}{paragraph(words, "muted")}<nav aria-label="Sections">{menu}</nav></header>'
    )
    footer = ""
    if made is not None:
        footer = f"<footer><p>hearfelt {' · '.join(escape(part) for part in made if part)}</p></footer>"
    return page(title, f'{header}<main id="main">{body}</main>{footer}')


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """A whole page without a single request.

    Args:
        title: of the page.
        body: its content.
        style: more CSS, after the common one.
        script: the one script that is allowed to run, at the end.
    """
    policy, ending = _POLICY, ""
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = f"{_POLICY}; script-src 'sha256-{digest}'"
        ending = f"<script>{script}</script>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}{style}</style></head>\n'
        f'<body><a class="skip" href="#main">To the results</a>{body}{ending}</body></html>\n'
    )


_POLICY = "default-src 'none'; img-src data:; media-src data: 'self' file:; style-src 'unsafe-inline'"
_STYLE = """
:root{--bg:#f4f5f7;--card:#fff;--ink:#1d2430;--muted:#5d6775;--line:#e0e4e9;--accent:#0a6aa6;--soft:#eef3f8;
--warn-bg:#fff4dc;--warn:#7a4b00;--warn-line:#e69f00;--code:#eef0f3}
@media (prefers-color-scheme:dark){:root{--bg:#0f1217;--card:#171b22;--ink:#e6e9ee;--muted:#9aa5b4;
--line:#2b323c;
--accent:#6cb8ee;--soft:#1d2530;--warn-bg:#33270c;--warn:#ffd58a;--warn-line:#b87f00;--code:#10141a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif;-webkit-text-size-adjust:100%}
header,main,footer{max-width:1060px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.22rem;margin:0 0 12px}
h3{font-size:1rem;margin:22px 0 6px}
.eyebrow{color:var(--accent);font-weight:600;font-size:.82rem;letter-spacing:.06em;
text-transform:uppercase;margin:0 0 6px}
.lead{color:var(--muted);margin:0 0 18px;max-width:75ch}
p{max-width:75ch}
.muted{color:var(--muted);font-size:.92rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;
margin:18px 0}
nav{display:flex;flex-wrap:wrap;gap:6px 16px;font-size:.9rem;margin:14px 0 0}
a{color:var(--accent)}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:12px;background:var(--card);padding:8px}
.warn{background:var(--warn-bg);color:var(--warn);border:1px solid var(--warn-line);border-left-width:6px;
border-radius:12px;padding:14px 18px;margin:18px 0}
.warn strong{display:block}.warn p{margin:4px 0 0}
.cards{display:grid;grid-template-columns:1.7fr 1fr 1fr 1fr;gap:14px;margin:18px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:16px 18px;min-width:0}
.card .name{color:var(--muted);font-size:.85rem;margin:0}
.card .value{font-size:1.75rem;font-weight:700;line-height:1.2;margin:2px 0;letter-spacing:-.02em;
font-variant-numeric:tabular-nums}
.card.big .value{font-size:3rem;color:var(--accent)}
.card .range{color:var(--muted);font-size:.85rem;margin:0}
.bar{position:relative;height:10px;border-radius:6px;background:var(--soft);margin:12px 0 6px;
border:1px solid var(--line)}
.bar i{position:absolute;top:0;bottom:0;background:var(--accent);opacity:.35;border-radius:5px}
.bar b{position:absolute;top:-4px;bottom:-4px;width:3px;background:var(--accent);border-radius:2px}
.bar u{position:absolute;top:-4px;bottom:-4px;width:0;border-left:2px dotted var(--muted)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:12px 22px;margin:0 0 8px}
.facts div{min-width:0}.facts dt{color:var(--muted);font-size:.83rem}.facts dd{margin:0;
overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:10px 0;max-width:100%}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);
outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.86rem;padding:0 0 6px}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top;
white-space:nowrap}
thead th{font-size:.83rem;color:var(--muted);font-weight:600;border-bottom:2px solid var(--line)}
tbody th{font-weight:600}.n{text-align:right}tbody tr:hover{background:var(--soft)}
td small,td .range{color:var(--muted);font-size:.85em}
figure{margin:10px 0}figure img{display:block;width:100%;height:auto;border-radius:8px}
pre{background:var(--code);border:1px solid var(--line);border-radius:10px;padding:12px 14px;
overflow-x:auto;
font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;margin:8px 0}
pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere}
details{margin:10px 0}summary{cursor:pointer;color:var(--accent);font-weight:600;font-size:.92rem}
.clips{list-style:none;padding:0;margin:12px 0 0;display:grid;
grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:12px}
.clips li{display:flex;flex-direction:column;border:1px solid var(--line);border-radius:12px;
padding:12px 14px;min-width:0}
.clips audio{width:100%;height:36px;margin-top:auto}
.clips p.muted{padding-bottom:8px}
.clips p{margin:0;overflow-wrap:anywhere}
.dot{display:inline-block;width:.8em;height:.8em;border-radius:3px;margin-right:.4em;
vertical-align:-.05em;border:1px solid #0003}
footer{color:var(--muted);font-size:.88rem;padding-bottom:40px}
@media screen and (max-width:760px){header,main,footer{padding-left:14px;padding-right:14px}header{padding-top:22px}
section{padding:16px 14px;border-radius:12px}.cards{grid-template-columns:1fr 1fr}
.card.big,.card:last-child{grid-column:1/-1}
tbody th{white-space:normal;min-width:7.5em}
h1{font-size:1.5rem}figure img{min-width:620px}.facts{grid-template-columns:1fr 1fr}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#ccc}
nav,audio,.skip{display:none}
.card,.warn,figure,tr,.clips li{break-inside:avoid}section{border:0;padding:4px 0;margin:6px 0}
body{font-size:10pt}table{font-size:8.5pt}th,td{padding:3px 6px;white-space:normal}
header,main,footer{padding:0}.clips{grid-template-columns:1fr 1fr 1fr}.card.big .value{font-size:2.2rem}
.scroll{overflow:visible}h2,h2+p,caption,thead{break-after:avoid}
figure img{width:auto;max-width:100%;max-height:13cm;margin:0 auto}pre{white-space:pre-wrap}}
"""
