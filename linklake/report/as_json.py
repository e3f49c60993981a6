"""A report as one JSON object: the same questions and rows, for programs."""

import json
from datetime import UTC, datetime
from typing import Any

from linklake.report.model import Answer, Picture, Report


def as_json(report: Report) -> str:
    """The object, in ASCII: what could turn the order of a terminal's line is escaped."""
    said = {
        "report": "index" if report.domain is None else "domain",
        "domain": report.domain,
        "about": report.about,
        "numbers": _answer(report.figures_answer),
        "sections": [
            {"id": s.id, "heading": s.heading, "pictures": [_picture(p) for p in s.pictures]} for s in report.sections
        ],
        "caveats": list(report.caveats),
    }
    return json.dumps(said, indent=1, default=_plain) + "\n"


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "id": picture.id,
        "title": picture.title,
        "caption": picture.caption,
        "reasons": list(picture.notes),
        "answers": [_answer(answer) for answer in picture.answers],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {"question": answer.name, "sql": answer.sql, "rows": answer.rows}


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
