"""A drawing of an architecture: layers as blocks with shapes and weights, as SVG or PNG."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from xml.sax.saxutils import escape

from hearfelt.evaluation._canvas import LIGHT, figure_to_bytes, new_figure
from hearfelt.models._registry import create_model, get_model
from hearfelt.models._trace import Kind, Step, receptive_frames, trace

#: Okabe-Ito, as everywhere; the words say the kind too.
COLOURS: dict[Kind, str] = {
    "input": "#5d6775",
    "convolution": "#0072B2",
    "pooling": "#E69F00",
    "dense": "#009E73",
    "recurrent": "#CC79A7",
    "attention": "#D55E00",
    "other": "#999999",
}
WIDTH = 760
_MARGIN, _GAP, _LINE = 24, 26, 16
_MOST_LANES = 4
#: Repeated blocks with this many layers together are drawn once.
_LONG = 9


class Mark(NamedTuple):
    """A rectangle, a line (to x + width, y + height) or a text, in pixels."""

    shape: Literal["rectangle", "line", "text"]
    x: float
    y: float
    width: float = 0
    height: float = 0
    colour: str = LIGHT.ink
    words: str = ""
    size: float = 13
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"
    opacity: float = 1.0
    dashed: bool = False


@dataclass
class _Page:
    """Marks as they are put down, from the top."""

    marks: list[Mark] = field(default_factory=list)
    y: float = 0.0

    def text(self, x: float, y: float, words: str, **options: Any) -> None:
        self.marks.append(Mark("text", x, y, words=words, **options))


def draw_model(
    name: str,
    options: Mapping[str, object] | None = None,
    *,
    class_count: int = 8,
    bands: int = 64,
    frames: int = 300,
) -> tuple[list[Mark], float]:
    """Trace an architecture on a real input and lay its layers out.

    Args:
        name: see `hearfelt.models._registry.list_models`.
        options: of the architecture.
        class_count: outputs.
        bands: of the input; with ``input_channels`` of all pictures together.
        frames: of the input.

    Returns:
        the marks, and the height of the drawing in pixels; the width is `WIDTH`.

    Raises:
        UnknownNameError: no such architecture.
        RecipeError: an option that it does not have, or of a wrong value.
    """
    model = create_model(name, class_count=class_count, mel_count=bands, options=options)
    root = trace(model, bands, frames)
    heard = receptive_frames(model, bands, frames)
    page = _Page(y=38)
    page.text(_MARGIN, page.y, name, size=22, bold=True)
    changed = ", ".join(f"{key}: {value}" for key, value in (options or {}).items())
    lines = [get_model(name).summary.split(";")[0].rstrip(".") + "."]
    lines += [f"Options: {changed}."] if changed else []
    resized = any(step.text.startswith("resize") for step in root.layers())
    reach = "every clip is resized" if resized else "a place of the last layer hears the whole clip"
    reach = f"receptive field {heard} frames" if heard else reach
    lines.append(f"{root.all_weights:,} weights for {class_count} classes; {reach}.")
    for line in lines:
        for part in textwrap.wrap(line, 105):
            page.y += 20
            page.text(_MARGIN, page.y, part, colour=LIGHT.muted)
    page.y += 20
    first = Step("input: bands × frames", "input", (bands, frames))
    _column(page, [first, *root.steps], _MARGIN, WIDTH - 2 * _MARGIN)
    if root.weights:
        page.y += 18
        page.text(
            _MARGIN, page.y, f"and {root.weights:,} learnt weights between the layers", colour=LIGHT.muted
        )
    return page.marks, page.y + _MARGIN


def _column(page: _Page, steps: Sequence[Step], x: float, width: float) -> None:
    """Steps below each other; equal blocks once, branches side by side, other modules as their layers."""
    place = 0
    while place < len(steps):
        step = steps[place]
        if lanes := _branches(steps[place:]):
            _lanes(page, [[lane] for lane in lanes], x, width)
            place += len(lanes)
        elif (many := _repeats(steps[place:])) > 1:
            _group(page, steps[place : place + many], x, width)
            place += many
        elif step.steps:
            _inside(page, step, x, width)
            place += 1
        else:
            _block(page, step, x, width)
            place += 1


def _inside(page: _Page, block: Step, x: float, width: float) -> None:
    """What a module calls; where it begins again from what it was given, as residual blocks do, in two lanes."""
    steps = block.steps
    again = [place for place, step in enumerate(steps) if place and step.source == block.source]
    if again and not _branches(steps):
        _lanes(page, [steps[: again[-1]], steps[again[-1] :]], x, width)
    else:
        _column(page, steps, x, width)


def _branches(steps: Sequence[Step]) -> Sequence[Step]:
    """Steps at the beginning that are neighbours in one list and were given the same tensor."""
    count = 0
    home = steps[0].path.rpartition(".")
    while (
        home[2].isdigit()
        and count < len(steps)
        and steps[count].source == steps[0].source
        and steps[count].path.rpartition(".")[0] == home[0]
        and steps[count].path.rpartition(".")[2].isdigit()
    ):
        count += 1
    return steps[:count] if 1 < count <= _MOST_LANES else ()


def _form(step: Step) -> list[str]:
    """What it consists of, but for numbers."""
    texts = [" ".join([layer.text, *layer.details]) for layer in step.layers()]
    return [re.sub(r"(, (step|spread) )?#( × #)*", "", re.sub(r"\d+(\.\d+)?", "#", text)) for text in texts]


def _repeats(steps: Sequence[Step]) -> int:
    """How many blocks of one form begin here, where they are long enough to be drawn once."""
    if not steps[0].steps:
        return 1
    form, count = _form(steps[0]), 1
    while count < len(steps) and steps[count].steps and _similar(form, _form(steps[count])):
        count += 1
    return count if count * len(form) >= _LONG and len(form) > 1 and count > 1 else 1


def _similar(first: list[str], second: list[str]) -> bool:
    # the last layer of the last block carries what comes after the blocks, such as a dropout
    return len(first) == len(second) and first[:-1] == second[:-1] and second[-1].startswith(first[-1])


def _group(page: _Page, blocks: Sequence[Step], x: float, width: float) -> None:
    top = page.y
    page.y += 26
    page.text(
        x + 12, page.y - 6, f"{len(blocks)} blocks, one after another; the first of them:", size=12, bold=True
    )
    _inside(page, blocks[0], x + 14, width - 28)
    page.y += 2
    for number, block in enumerate(blocks):
        spread = sorted(set(re.findall(r"spread (\d+)", " ".join(layer.text for layer in block.layers()))))
        words = f"block {number + 1}: gives {_shape(block.shape)}, {block.all_weights:,} weights"
        words += f", spread {spread[0]}" if spread else ""
        page.y += _LINE
        page.text(x + 14, page.y, words, size=12, colour=LIGHT.muted)
    page.y += 12
    frame = Mark("rectangle", x, top, width, page.y - top, LIGHT.muted, opacity=0.0, dashed=True)
    page.marks.append(frame)
    _arrow(page, x + width / 2, blocks[-1].shape)


def _lanes(page: _Page, lanes: Sequence[Sequence[Step]], x: float, width: float) -> None:
    space = 12
    each = (width - space * (len(lanes) - 1)) / len(lanes)
    top, bottom = page.y, page.y
    for number, lane in enumerate(lanes):
        page.y = top
        _column(page, lane, x + number * (each + space), each)
        bottom = max(bottom, page.y)
    page.y = bottom


def _block(page: _Page, step: Step, x: float, width: float) -> None:
    """A layer; under it an arrow with the shape that it gives."""
    letters = int((width - 24) / 7.2)
    weights = f"{step.weights:,} weights" if step.weights else ""
    narrow = width < 400
    lines = textwrap.wrap(step.text, letters - (0 if narrow else len(weights) + 2))
    details = textwrap.wrap(", ".join(step.details), letters + 6)
    if narrow and weights:
        details.append(weights)
    height = 12 + 17 * len(lines) + 15 * len(details)
    colour = COLOURS[step.kind]
    page.marks.append(Mark("rectangle", x, page.y, width, height, colour, opacity=0.14))
    page.marks.append(Mark("rectangle", x, page.y, 6, height, colour))
    y = page.y + 4
    for line in lines:
        y += 17
        page.text(x + 16, y, line, bold=True)
    if weights and not narrow:
        page.text(x + width - 12, page.y + 21, weights, size=12, anchor="end")
    for line in details:
        y += 15
        page.text(x + 16, y, line, size=12, colour=LIGHT.muted)
    page.y += height
    _arrow(page, x + width / 2, step.shape)


def _arrow(page: _Page, x: float, shape: tuple[int, ...]) -> None:
    page.marks.append(Mark("line", x, page.y + 3, 0, _GAP - 8, LIGHT.muted))
    for side in (-4, 4):
        page.marks.append(Mark("line", x + side, page.y + _GAP - 11, -side, 6, LIGHT.muted))
    page.text(x + 12, page.y + 17, _shape(shape), size=12, colour=LIGHT.muted)
    page.y += _GAP


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def to_svg(marks: Sequence[Mark], height: float) -> str:
    """The drawing as a picture that needs no fonts nor scripts of its own."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" '
        f'viewBox="0 0 {WIDTH} {height:g}" font-family="DejaVu Sans, Verdana, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height:g}" fill="{LIGHT.background}"/>',
    ]
    for mark in marks:
        if mark.shape == "text":
            weight = ' font-weight="bold"' if mark.bold else ""
            parts.append(
                f'<text x="{mark.x:g}" y="{mark.y:g}" font-size="{mark.size:g}" fill="{mark.colour}" '
                f'text-anchor="{mark.anchor}"{weight}>{escape(mark.words)}</text>'
            )
        elif mark.shape == "line":
            parts.append(
                f'<path d="M{mark.x:g} {mark.y:g}l{mark.width:g} {mark.height:g}" stroke="{mark.colour}"/>'
            )
        else:
            edge = f' stroke="{mark.colour}" stroke-dasharray="5 4"' if mark.dashed else ""
            parts.append(
                f'<rect x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}" '
                f'fill="{mark.colour}" fill-opacity="{mark.opacity:g}" rx="{0 if mark.opacity == 1 else 3}"{edge}/>'
            )
    return "\n".join([*parts, "</svg>", ""])


def to_png(marks: Sequence[Mark], height: float) -> bytes:
    """The drawing as PNG, at one and a half times the size."""
    from matplotlib.patches import Rectangle

    figure = new_figure(height / 100, dark=False, width=WIDTH / 100)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.axis("off")
    sides: dict[str, Any] = {"start": "left", "middle": "center", "end": "right"}
    for mark in marks:
        if mark.shape == "text":
            axes.text(
                mark.x,
                mark.y,
                mark.words,
                fontsize=mark.size * 0.72,
                color=mark.colour,
                weight="bold" if mark.bold else "normal",
                ha=sides[mark.anchor],
                va="baseline",
            )
        elif mark.shape == "line":
            ends = [mark.x, mark.x + mark.width], [mark.y, mark.y + mark.height]
            axes.plot(*ends, color=mark.colour, linewidth=0.8)
        else:
            corner = (mark.x, mark.y)
            if mark.dashed:
                axes.add_patch(
                    Rectangle(corner, mark.width, mark.height, fill=False, ec=mark.colour, ls="--")
                )
            else:
                box = Rectangle(corner, mark.width, mark.height, fc=mark.colour, alpha=mark.opacity, lw=0)
                axes.add_patch(box)
    return figure_to_bytes(figure)
