"""Only SQL that keeps to tests/sql_rules.py may stand in transforms and in the views of schemas.

`python -m tests.sql_linter [FILE…]` lints all of it when no file is named; exit 1 on findings.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import sqlglot
from sqlglot.errors import SqlglotError

from tests.sql_rules import RULES, Query

ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule and its line (from 1)."""

    line: int
    rule: str
    message: str


def lint(sql: str) -> list[Finding]:
    """Every broken rule of one SQL file, in the order of its lines."""
    try:
        tokens = tuple(sqlglot.tokenize(sql, read="duckdb"))
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
        statements = duckdb.extract_statements(sql)
    except (SqlglotError, duckdb.Error) as error:
        return [Finding(1, "parses", str(error).splitlines()[0])]
    if len(trees) != 1 or len(statements) != 1 or any(t.token_type.name == "SEMICOLON" for t in tokens):
        return [Finding(1, "one_statement", "a file is one SELECT, without a semicolon")]
    query = Query(sql, tokens, trees[0])
    found = [
        Finding(sql.count("\n", 0, offset) + 1, rule.name, f"{what}: {rule.advice}" if what else rule.advice)
        for rule in RULES
        for offset, what in rule.check(query)
    ]
    return sorted(found, key=lambda f: f.line)


def sql_files() -> list[Path]:
    """Every SQL file of transforms, and every view."""
    return sorted([*ROOT.glob("transforms/**/*.sql"), *ROOT.glob("schemas/views/*.sql")])


def main(arguments: Sequence[str]) -> int:
    """Lint the named files, or all; print findings as ``file:line: rule: message``."""
    paths = [Path(a) for a in arguments] or sql_files()
    findings = [(path, finding) for path in paths for finding in lint(path.read_text(encoding="utf-8"))]
    for path, finding in findings:
        print(f"{path}:{finding.line}: {finding.rule}: {finding.message}")
    print(f"{len(paths)} SQL files, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
