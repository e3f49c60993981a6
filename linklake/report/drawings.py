"""Pictures drawn by Vega (which comes inside vl-convert-python) as SVG that needs no script and no network.

Colours are variables of the page's style sheet, so that one drawing serves light and dark; text takes the page's font.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Any, Final

from linklake.report.model import Bars, Drawing, FarmMap, Histogram, Row
from linklake.report.shown import plain, share, whole, words

Spec = dict[str, Any]

WIDE, NARROW = 540, 322
"""Pixels: what fits beside a table, and what fits a telephone of 390 pixels."""

_VEGA_LITE: Final = "6.4"
_BAR, _LABEL_SIZE = 26, 13
_TEXT: Final = {"font": "inherit", "fontSize": _LABEL_SIZE, "color": "var(--ink)"}
_CONFIG: Final[Spec] = {
    "aria": False,
    "background": None,
    "font": "inherit",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--ink)", "labelFont": "inherit", "labelFontSize": _LABEL_SIZE, "titleColor": "var(--soft)",
        "titleFont": "inherit", "titleFontSize": _LABEL_SIZE, "titleFontWeight": "normal", "domain": False,
        "ticks": False, "grid": False,
    },
}  # fmt: skip


def draw(drawing: Drawing, rows: Sequence[Row], *, width: int, prefix: str) -> str:
    """The drawing as an SVG element; ``prefix`` keeps its ids apart from those of others on the page."""
    import vl_convert  # a third of a second at its first drawing, which no other command should wait for

    match drawing:
        case Bars():
            spec = _bars(drawing, rows, width)
        case Histogram():
            spec = _histogram(drawing, rows, width)
        case FarmMap():
            spec = _map(drawing, width)
    spec |= {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": _CONFIG}
    return _bare(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE), prefix)


# -------------------------------------------------------------------- charts


def _bars(drawing: Bars, rows: Sequence[Row], width: int) -> Spec:
    total = sum(row[drawing.whole] for row in rows)
    values = [
        {
            "label": words(row[drawing.label]) if row[drawing.label] is not None else "not classed",
            "whole": row[drawing.whole],
            "part": row[drawing.part],
            "said": f"{whole(row[drawing.whole])} · {share(row[drawing.whole] / total)}",
        }
        for row in rows
    ]
    longest = max((v["whole"] for v in values), default=1)
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None, "labelPadding": 8}}
    # Room to the right of the longest bar for its figures.
    end = longest * (1.42 if width > NARROW else 1.95)
    x = {"type": "quantitative", "axis": None, "scale": {"domain": [0, end], "nice": False}}
    bar = {"type": "bar", "height": 14}
    return {
        "width": width,
        "height": _BAR * len(values),
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": 0,
        "data": {"values": values},
        "encoding": {"y": y},
        "layer": [
            {"mark": bar | {"color": "var(--rest)"}, "encoding": {"x": x | {"field": "whole"}}},
            {"mark": bar | {"color": "var(--accent)"}, "encoding": {"x": x | {"field": "part"}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 7, **_TEXT, "color": "var(--soft)"},
                "encoding": {"x": x | {"field": "whole"}, "text": {"field": "said", "type": "nominal"}},
            },
        ],
    }


def _histogram(drawing: Histogram, rows: Sequence[Row], width: int) -> Spec:
    def is_marked(row: Row) -> bool:
        at = drawing.marked
        is_last = row is rows[-1]
        return at is not None and row[drawing.band_from] <= at and (at < row[drawing.band_to] or is_last)

    values = [
        {
            "from": row[drawing.band_from] + 0.6,
            "to": row[drawing.band_to] - 0.6,
            "middle": (row[drawing.band_from] + row[drawing.band_to]) / 2,
            "height": math.log10(1 + row[drawing.count]),
            "said": whole(row[drawing.count]) if row[drawing.count] else "",
            "is_marked": is_marked(row),
        }
        for row in rows
    ]
    tallest = max(v["height"] for v in values) or 1
    y = {"field": "height", "type": "quantitative", "axis": None, "scale": {"domain": [0, tallest * 1.14]}}
    ticks = {"values": list(range(0, 101, 20 if width <= NARROW else 10)), "title": "authority score"}
    x = {"type": "quantitative", "scale": {"domain": [0, 100], "nice": False}, "axis": ticks | {"labelFlush": False}}
    colour = {"condition": {"test": "datum.is_marked", "value": "var(--mark)"}, "value": "var(--accent)"}
    return {
        "width": width,
        "height": 210,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 8, "right": 14, "top": 2, "bottom": 2},
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "x": x | {"field": "from"},
                    "x2": {"field": "to"},
                    "y": y,
                    "y2": {"datum": 0},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "text", "dy": -8, **_TEXT, "fontSize": 12 if width > NARROW else 11},
                "encoding": {"x": x | {"field": "middle"}, "y": y, "text": {"field": "said", "type": "nominal"}},
            },
        ],
    }


# -------------------------------------------------------------------- the map of a farm


def _map(drawing: FarmMap, width: int) -> Spec:
    targets = [m for m in drawing.members if m.role == "target"]
    boosters = [m for m in drawing.members if m.role != "target"]
    size = min(width, 460)
    places = dict(zip((m.number for m in targets), _ring(len(targets), 0.34 if len(targets) > 1 else 0.0), strict=True))
    places |= dict(zip((m.number for m in boosters), _ring(len(boosters), 1.0), strict=True))
    is_target = {m.number for m in targets}
    edges = [
        {
            "x": places[a][0], "y": places[a][1], "x2": places[b][0], "y2": places[b][1],
            "colour": "var(--edge)" if b in is_target else "var(--rest)",
        }
        for a, b in drawing.links
    ]  # fmt: skip
    # Those that lead to a target are drawn last, over the others.
    edges.sort(key=lambda edge: edge["colour"] == "var(--edge)")
    nodes = [
        {
            "x": places[m.number][0], "y": places[m.number][1], "number": str(m.number), "is_target": m in targets,
            "name": plain(m.domain, 26),
        }
        for m in drawing.members
    ]  # fmt: skip
    scale = {"domain": [-1.14, 1.14], "nice": False}
    at: Spec = {
        "x": {"field": "x", "type": "quantitative", "axis": None, "scale": scale},
        "y": {"field": "y", "type": "quantitative", "axis": None, "scale": scale},
    }
    crowd = len(boosters) > 30
    colour = {"condition": {"test": "datum.is_target", "value": "var(--mark)"}, "value": "var(--accent)"}
    shape = {"condition": {"test": "datum.is_target", "value": "square"}, "value": "circle"}
    area = {"condition": {"test": "datum.is_target", "value": 620}, "value": 260 if crowd else 480}
    return {
        "width": size,
        "height": size,
        "padding": 0,
        "layer": [
            {
                "data": {"values": edges},
                "mark": {"type": "rule", "strokeWidth": 1.2},
                "encoding": at | {
                    "x2": {"field": "x2"}, "y2": {"field": "y2"},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": nodes},
                "mark": {"type": "point", "filled": True, "opacity": 1, "stroke": "var(--card)", "strokeWidth": 2},
                "encoding": at | {"color": colour, "shape": shape, "size": area},
            },
            {
                "data": {"values": nodes},
                "mark": {"type": "text", "font": "inherit", "fontSize": 10 if crowd else 11.5, "fontWeight": 600,
                         "color": "var(--on-accent)"},
                "encoding": at | {"text": {"field": "number", "type": "nominal"}},
            },
        ],
    }  # fmt: skip


def _ring(count: int, radius: float) -> Iterator[tuple[float, float]]:
    """Places on a circle, from the top on, clockwise."""
    for number in range(count):
        angle = math.pi / 2 - 2 * math.pi * number / count
        yield round(radius * math.cos(angle), 4), round(radius * math.sin(angle), 4)


# -------------------------------------------------------------------- SVG


def _bare(svg: str, prefix: str) -> str:
    """The picture without roles, labels that are not seen and empty shapes; its ids are its own."""
    root = ET.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            is_unseen = child.get("opacity") == "0" or child.get("display") == "none" or child.get("d") == ""
            if is_unseen or child.get("class") == "background":
                parent.remove(child)
    for element in root.iter():
        for name in [n for n in element.attrib if n.startswith("aria-") or n in ("role", "class")]:
            del element.attrib[name]
        if "id" in element.attrib:
            element.set("id", f"{prefix}-{element.get('id')}")
        if "clip-path" in element.attrib:
            element.set("clip-path", element.attrib["clip-path"].replace("url(#", f"url(#{prefix}-"))
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    return ET.tostring(root, encoding="unicode")
