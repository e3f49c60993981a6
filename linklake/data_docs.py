"""Data Docs: what each gate of a crawl found, as pages that need nothing from elsewhere and no script.

``<lake>/_docs/<crawl_id>/`` holds ``index.html``, and for each stage ``<stage>.html`` and ``<stage>.json`` (with Great
Expectations' own account of its checkpoint). The pages that Great Expectations would write load some 15 scripts, style
sheets and a logo from five hosts and are bare without them; so its results are written down here, in plain HTML.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from linklake.pipeline import STAGES
from schemas.catalog import dataset as dataset_named
from schemas.durable import write_durably
from transforms.expectations import Validation, validate
from transforms.gates import Audit, Finding, Profile, measured_rules, stopping
from transforms.rules import Rule

_WORDS: Final = {"stop": "stops", "warn": "warns"}
_OUTCOMES: Final = {"stop": "stopped", "warn": "passed with warnings", "good": "passed"}

_HEAD: Final = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Nothing is loaded, whatever a crawled text may hold; the empty icon keeps a browser from asking for one.
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; """
    """img-src data:"><link rel="icon" href="data:,">"""
)


@dataclass(frozen=True, slots=True)
class Documented:
    """The page of an audit and what the checkpoint said; ``trouble`` says in a line what could not be had."""

    page: Path | None
    validation: Validation | None
    trouble: str | None = None


def document(lake: Path, audit: Audit, *, mending: str) -> Documented:
    """Let Great Expectations judge an audit and write its page; whatever goes wrong here, the audit's verdict stands.

    ``mending`` is the command that builds the stage again.
    """
    validation, troubles = None, []
    try:
        validation = validate(audit)
    except Exception as error:  # a library that fails in its own way must not keep sound data from being published
        troubles.append(f"Great Expectations could not validate it ({type(error).__name__}: {_line(error)})")
    page: Path | None = lake / "_docs" / audit.crawl_id / f"{audit.stage}.html"
    try:
        _write(lake / "_docs" / audit.crawl_id, audit, validation, mending)
    except (OSError, ValueError, KeyError) as error:  # a full disk, or an account beside it that cannot be read
        page = None
        troubles.append(f"its Data Docs could not be written ({_line(error)})")
    trouble = f"the gate of {audit.stage} has judged, but {'; '.join(troubles)}" if troubles else None
    return Documented(page, validation, trouble)


def _write(folder: Path, audit: Audit, validation: Validation | None, mending: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "stage": audit.stage,
        "outcome": _tone(audit.findings),
        "rules": len(audit.rules),
        "findings": [str(f) for f in audit.findings],
        "great_expectations": validation.result if validation else None,
    }
    write_durably(folder / f"{audit.stage}.json", json.dumps(said, indent=1) + "\n")
    write_durably(folder / f"{audit.stage}.html", page_of(audit, validation, mending=mending))
    known = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    write_durably(folder / "index.html", index_of(audit.crawl_id, known))


# -- pages -------------------------------------------------------------------------------------------------------


def page_of(audit: Audit, validation: Validation | None, *, mending: str) -> str:
    """The page of one gate: what is broken, then every rule of every dataset."""
    tone = _tone(audit.findings)
    judge = f"Great Expectations {validation.version}" if validation else "the profile alone"
    head = (
        f'<p><a href="index.html">All gates of crawl {escape(audit.crawl_id)}</a></p>'
        f"<h1>Gate of {escape(audit.stage)}: {_badge(tone, _OUTCOMES[tone])}</h1>"
        f'<p class="soft">Crawl <code>{escape(audit.crawl_id)}</code> · {len(audit.rules)} rules over '
        f"{len(audit.profiles)} {'dataset' if len(audit.profiles) == 1 else 'datasets'} · "
        f"{len(audit.broken)} broken · validated by {escape(judge)}</p>"
    )
    rules = audit.rules
    ordered = sorted(audit.findings, key=lambda f: f.severity != "stop")
    broken = [_finding(f, rules[f"{f.dataset}.{f.rule}"], mending) for f in ordered]
    cards = f"<h2>Broken rules</h2>{''.join(broken)}" if broken else "<p>Every rule holds.</p>"
    tables = "".join(_profile(p, audit, validation) for p in audit.profiles)
    return _html(
        f"{audit.stage}, crawl {audit.crawl_id}: {_OUTCOMES[tone]}", f"{head}{cards}<h2>All rules</h2>{tables}"
    )


def index_of(crawl_id: str, stages: Sequence[dict[str, Any]]) -> str:
    """The page of a crawl: its gates in the order of the flow."""
    flow = [s.name for s in STAGES]
    ordered = sorted(stages, key=lambda s: flow.index(s["stage"]) if s["stage"] in flow else -1)
    rows = "".join(
        f'<tr><td><a href="{escape(s["stage"])}.html"><code>{escape(s["stage"])}</code></a></td>'
        f"<td>{_badge(s['outcome'], _OUTCOMES[s['outcome']])}</td>"
        f'<td class="count" data-name="rules">{s["rules"]}</td>'
        f'<td class="count" data-name="broken">{len(s["findings"])}</td></tr>'
        for s in ordered
    )
    table = (
        '<table><thead><tr><th>gate</th><th>outcome</th><th class="count">rules</th><th class="count">broken</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )
    return _html(
        f"Gates of crawl {crawl_id}", f"<h1>Gates of crawl {escape(crawl_id)}</h1><div class=card>{table}</div>"
    )


def _finding(finding: Finding, rule: Rule, mending: str) -> str:
    shown = "".join(f"<li><code>{escape(example)}</code></li>" for example in finding.examples)
    examples = f'<p class="soft">Such as</p><ul class="examples">{shown}</ul>' if shown else ""
    if finding.severity == "warn":
        words, command = "Nothing was held back. To see where the crawl stands:", "linklake status"
    elif rule.measured == "files":
        words, command = "The files changed after they were written. To write them anew:", mending
    else:
        words, command = "Nothing was published. Mend the cause, then:", mending
    advice = f'<p class="soft">{words}</p><pre>{escape(command)}</pre>'
    return (
        f'<section class="card {finding.severity}"><div class="head"><h3>{escape(finding.dataset)}.'
        f"{escape(finding.rule)}</h3>{_badge(finding.severity, _WORDS[finding.severity])}</div>"
        f"<p>{escape(rule.meaning)}</p><p><strong>{escape(finding.detail)}</strong></p>{examples}{advice}</section>"
    )


def _profile(profile: Profile, audit: Audit, validation: Validation | None) -> str:
    broken = validation.broken if validation else audit.broken
    rules = measured_rules(dataset_named(profile.dataset), audit.stage)
    count = sum(f"{profile.dataset}.{r.name}" in broken for r in rules)
    tone = _tone([f for f in audit.findings if f.dataset == profile.dataset])
    rows = "".join(
        _row(rule, profile.failed.get(rule.name), f"{profile.dataset}.{rule.name}" in broken) for rule in rules
    )
    return (
        f"<details{' open' if count else ''}><summary>{_badge(tone, f'{count} broken' if count else 'holds')}"
        f'<code>{escape(profile.dataset)}</code> <span class="soft">{profile.rows:,} rows, {len(rules)} rules</span>'
        "</summary>"
        '<table><thead><tr><th>rule</th><th>meaning</th><th>severity</th><th class="count">broken</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _row(rule: Rule, failed: int | None, is_broken: bool) -> str:
    said = "not measured" if failed is None else f"{failed:,}"
    shown = _badge(rule.severity, said) if is_broken else said
    return (
        f"<tr><td><code>{escape(rule.name)}</code></td><td>{escape(rule.meaning)}</td>"
        f'<td data-name="if broken">{_WORDS[rule.severity]}</td><td class="count" data-name="broken">{shown}</td></tr>'
    )


def _tone(findings: Iterable[Finding]) -> str:
    found = list(findings)
    return "stop" if stopping(found) else "warn" if found else "good"


def _badge(tone: str, text: str) -> str:
    return f'<span class="badge {tone}">{escape(text)}</span>'


def _html(title: str, body: str) -> str:
    style = (files("linklake") / "data_docs.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{_HEAD}'
        f"<style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0]
