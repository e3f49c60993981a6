"""`linklake sql` answers one SELECT over the lake in fixed shapes, and can neither read nor change anything else."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.catalog import DATASETS
from schemas.lake import Lake
from tests.linklake.calls import Ended, call, command_line
from tests.tiny_lake import all_table_hashes

EVERY_KIND = """
    select
        null as nothing, '' as empty, 'a,b' as comma, 'say "so"' as quotes, e'two\\nlines' as lines,
        'Füße 日本' as words, true as yes, 42 as whole, 1.5::double as part, 1.10::decimal(9, 2) as money,
        170141183460469231731687303715884105727::hugeint as huge, sum(i) as total, 1e300 as big,
        'nan'::double as not_a_number, 1 / 0 as infinite, timestamptz '2026-03-01 12:00:00+02' as moment,
        timestamptz '2026-03-01 12:00:00.5+00' as half, date '2026-03-01' as day, ['a', null, 'b,c'] as list,
        [1, 2]::bigint[] as numbers, {'a': 1, 'b': [1.5]} as pair, uuid '00000000-0000-0000-0000-00000000000a' as id
    from range(3) as t(i)
"""


def ask(sql: str, lake: Path, *, format: str = "json") -> Ended:
    return call("sql", sql, "--format", format, "--lake", lake)


# -------------------------------------------------------------------- shapes


def test_csv_is_rfc_4180_with_null_apart_from_empty_text(built_lake: Path) -> None:
    ended = ask(EVERY_KIND, built_lake, format="csv")
    assert ended.code == 0, ended.err
    head, body = ended.out.split("\r\n", 1)
    assert head.startswith("nothing,empty,comma,quotes,lines,words,yes,whole,")
    assert body == (
        ',"","a,b","say ""so""","two\nlines",Füße 日本,true,42,1.5,1.10,170141183460469231731687303715884105727,3,'
        "1e+300,NaN,Infinity,2026-03-01T10:00:00Z,2026-03-01T12:00:00.500000Z,2026-03-01,"
        '"[""a"", null, ""b,c""]","[1, 2]","{""a"": 1, ""b"": [1.5]}",00000000-0000-0000-0000-00000000000a\r\n'
    )
    (row,) = csv.DictReader(io.StringIO(ended.out, newline=""))
    assert (row["quotes"], row["lines"], json.loads(row["list"])) == ('say "so"', "two\nlines", ["a", None, "b,c"])


def test_json_is_an_object_a_line_in_which_numbers_are_numbers(built_lake: Path) -> None:
    ended = ask(EVERY_KIND, built_lake)

    def no_constant(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    row = json.loads(ended.out, parse_float=str, parse_constant=no_constant)
    assert row == {
        "nothing": None, "empty": "", "comma": "a,b", "quotes": 'say "so"', "lines": "two\nlines",
        "words": "Füße 日本", "yes": True, "whole": 42, "part": "1.5", "money": "1.10", "huge": 2**127 - 1, "total": 3,
        "big": "1e+300", "not_a_number": "NaN", "infinite": "Infinity", "moment": "2026-03-01T10:00:00Z",
        "half": "2026-03-01T12:00:00.500000Z", "day": "2026-03-01", "list": ["a", None, "b,c"], "numbers": [1, 2],
        "pair": {"a": 1, "b": ["1.5"]}, "id": "00000000-0000-0000-0000-00000000000a",
    }  # fmt: skip
    assert '"money": 1.10' in ended.out


def test_columns_of_one_name_are_told_apart_in_json(built_lake: Path) -> None:
    assert ask("select 1 as a, 2 as a, 3 as a_1, 4 as a", built_lake).rows == [{"a": 1, "a_1": 2, "a_1_1": 3, "a_2": 4}]


def test_a_table_aligns_what_a_terminal_shows(built_lake: Path) -> None:
    ended = ask("values ('日本', 1.23456789::double), ('ab', null), ('é', 2)", built_lake, format="table")
    assert ended.out == "col0  col1\n----  -------\n日本  1.23457\nab\né     2\n"


@pytest.mark.parametrize(
    "code_points",
    ["chr(27) || '[31m' || chr(27) || ']0;title' || chr(7)", "chr(155) || '2J'", "chr(13) || chr(10) || chr(9)",
     "chr(8238) || 'gnp.exe'", "chr(0) || chr(8) || chr(127)", "chr(8232) || chr(65279)"],
)  # fmt: skip
def test_hostile_text_cannot_reach_the_terminal(code_points: str, built_lake: Path) -> None:
    ended = ask(f"select {code_points} || 'end' as text, 1 as one", built_lake, format="table")
    assert len(ended.out.split("\n")) == 4, "head, rule, one row"
    assert ended.out.replace("\n", "").isprintable()
    assert "end" in ended.out


def test_a_hostile_column_name_cannot_reach_the_terminal_either(built_lake: Path) -> None:
    ended = ask('select 1 as "a\x1b[31m\nb"', built_lake, format="table")
    assert ended.out.startswith("a�[31m�b\n")


def test_long_cells_and_long_tables_are_cut_with_a_word_about_it(built_lake: Path) -> None:
    assert "x" * 59 + "…" in ask("select repeat('x', 61) as long", built_lake, format="table").out
    many = ask("select i from range(1001) as t(i)", built_lake, format="table").out.splitlines()
    assert (len(many), many[-1]) == (2 + 1000 + 1, "(the first 1000 rows: --format csv gives all)")
    assert len(ask("select i from range(25000) as t(i)", built_lake, format="csv").out.splitlines()) == 25001


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_an_answer_without_rows_has_its_columns_where_the_format_has_any(format: str, built_lake: Path) -> None:
    ended = ask("select domain from domains where false", built_lake, format=format)
    assert (ended.code, ended.out) == (0, {"table": "domain\n------\n", "csv": "domain\r\n", "json": ""}[format])


def test_answers_are_utf_8_whatever_the_locale(built_lake: Path) -> None:
    words = command_line("sql", "select 'Füße 日本' as words", "--format", "csv", "--lake", built_lake)
    done = subprocess.run(words, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, capture_output=True, check=True)
    assert done.stdout == "words\r\nFüße 日本\r\n".encode()


# -------------------------------------------------------------------- what can be seen


def test_every_dataset_is_seen_under_its_own_name_with_its_own_columns(built_lake: Path) -> None:
    for dataset in DATASETS:
        ended = ask(f"select * from {dataset.name} limit 0", built_lake, format="csv")
        assert ended.out == ",".join(column.name for column in dataset.columns) + "\r\n"


def test_an_empty_lake_is_a_lake_of_empty_tables(tmp_path: Path) -> None:
    Lake.open_or_create(tmp_path / "lake")
    counts = ", ".join(f"(select count(*) from {d.name}) as {d.name}" for d in DATASETS)
    assert ask(f"select {counts}", tmp_path / "lake").rows == [{d.name: 0 for d in DATASETS}]
    types = ask("select column_name, column_type from (describe links)", tmp_path / "lake").rows
    assert {"column_name": "link_types", "column_type": "VARCHAR[]"} in types


def test_moments_are_those_of_the_ledger(built_lake: Path) -> None:
    (row,) = ask("select started_at, finished_at, observed_from, observed_to from crawls", built_lake).rows
    assert row["started_at"] <= row["observed_from"] <= row["observed_to"] <= row["finished_at"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", moment) for moment in row.values())


# -------------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "select 1; select 2",
        "create table t as select 1",
        "drop view links",
        "insert into links select * from links",
        "delete from links",
        "update links set anchor_text = ''",
        "copy (select 1) to '{folder}/out.csv'",
        "copy links to '{lake}/links.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/other.duckdb'",
        "attach '{lake}/serving/authority.duckdb' (read_only)",
        "set threads = 1",
        "set allowed_paths = ['/etc/passwd']",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma enable_profiling",
        "install httpfs",
        "load httpfs",
        "call pragma_version()",
        "checkpoint",
        "explain select 1",
    ],
)
def test_anything_but_one_select_is_misuse(sql: str, built_lake: Path, tmp_path: Path) -> None:
    ended = ask(sql.format(folder=tmp_path, lake=built_lake), built_lake)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("linklake sql: give one SELECT, not ")
    assert len(ended.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    assert not (built_lake / "links.csv").exists()


@pytest.mark.parametrize(
    "source",
    [
        "read_text('/etc/hostname')",
        "read_csv('{folder}/secret.csv')",
        "'{folder}/secret.csv'",
        "read_blob('{lake}/_lake.json')",
        "read_json('{lake}/_log/00000000000000000001.json')",
        "read_parquet('{lake}/links/*/*/*.parquet')",
        "glob('{folder}/*')",
        "sniff_csv('{folder}/secret.csv')",
        "parquet_metadata('{folder}/secret.csv')",
        "read_csv('http://127.0.0.1:9/x.csv')",
        "sqlite_scan('{folder}/secret.csv', 't')",
        "query('select * from read_text(''/etc/hostname'')')",
    ],
)
def test_no_other_file_can_be_read(source: str, built_lake: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n42\n", encoding="utf-8")
    ended = ask(f"select * from {source.format(folder=tmp_path, lake=built_lake)}", built_lake)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("linklake sql: DuckDB says: ")
    assert "secret\n" not in ended.err


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
        ("select * from link", 'Did you mean "links"?'),
        ("select domein from domains", 'Referenced column "domein" not found'),
        ("select cast('x' as integer)", "Could not convert string 'x' to INT32"),
        ("select $1", "parameters"),
        ("select error('no')", "no"),
    ],
)
def test_bad_sql_is_misuse_in_the_words_of_duckdb(sql: str, said: str, built_lake: Path) -> None:
    ended = ask(sql, built_lake)
    assert ended.code == 2
    assert ended.err.startswith("linklake sql: DuckDB says: ")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_an_error_after_the_first_rows_is_still_an_error(built_lake: Path) -> None:
    sql = "select case when i < 50000 then 'x' else error('late') end as text from range(100000) as t(i)"
    ended = call("sql", sql, "--format", "csv", "--lake", built_lake, "--threads", "1")
    assert ended.code == 2
    assert "late" in ended.err


def test_questions_change_nothing_in_the_lake(built_lake: Path) -> None:
    before, files = all_table_hashes(built_lake), sorted(built_lake.rglob("*"))
    ask("select * from backlinks", built_lake)
    assert (all_table_hashes(built_lake), sorted(built_lake.rglob("*"))) == (before, files)


def test_a_question_larger_than_memory_spills_elsewhere_and_leaves_nothing(
    built_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spill"))
    (tmp_path / "here").mkdir()
    sql = "select count(*) as n from (select md5(i::varchar) as m from range(3000000) as t(i) order by m limit 2900000)"
    words = ["sql", sql, "--format", "json", "--lake", built_lake.resolve(), "--memory", "100MB", "--threads", "2"]
    (tmp_path / "spill").mkdir()
    ended = call(*words, folder=tmp_path / "here")
    assert (ended.code, ended.rows) == (0, [{"n": 2_900_000}])
    assert list((tmp_path / "here").iterdir()) == []
    assert list((tmp_path / "spill").iterdir()) == []


def test_a_reader_that_leaves_early_is_no_failure(built_lake: Path) -> None:
    words = command_line("sql", "select i from range(10000000) as t(i)", "--format", "csv", "--lake", built_lake)
    with subprocess.Popen(words, stdout=-1, stderr=-1) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"i\r\n"
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, b"")


def test_a_lake_whose_name_holds_quotes_and_spaces_answers(
    built_lake: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    lake = copy_of(built_lake).rename(tmp_path / "o'brien's lake")
    assert ask("select count(*) > 0 as some from links", lake).rows == [{"some": True}]
