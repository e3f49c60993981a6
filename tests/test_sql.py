"""Every SQL file of transforms keeps to the rules, and every rule catches what it forbids."""

from pathlib import Path

import pytest

from tests.sql_linter import ROOT, lint, main, sql_files
from tests.sql_rules import FUNCTIONS, INSTEAD, RULES

GRAIN = "-- one row per case\n"

BROKEN = [
    ("parses", "select from where"),
    ("parses", "selec a from t"),
    ("parses", "select {{ column }} as a from t"),
    ("one_statement", "select a from t; select b from t"),
    ("one_statement", "select a from t;"),
    ("no_jinja", "select '{% if x %}' as a from t"),
    ("lower_case", "SELECT a from t"),
    ("lower_case", "select a from t ORDER BY a"),
    ("lower_case", "select a as A from t"),
    ("named_parameters", "select a from t where a = ?"),
    ("named_parameters", "select a from t where a = $1"),
    ("select_of_ctes", "select a from t union all select a from u"),
    ("select_of_ctes", "select a from (select a from t) as u"),
    ("no_star", "select * from t"),
    ("no_star", "select t.* from t"),
    ("no_star", "with u as (select * from t) select a from u"),
    ("named_columns", "select a + 1 from t"),
    ("plain_tables", "select a from lake.t"),
    ("plain_tables", "select a from 'part.parquet'"),
    ("known_functions", "select hash(a) as b from t"),
    ("known_functions", "select quantile_cont(a, 0.5) as b from t"),
    ("known_functions", "select approx_count_distinct(a) as b from t"),
    ("known_functions", "select arg_max(a, b) as c from t"),
    ("known_functions", "select avg(link_count) as b from t"),
    ("known_functions", "select len(rel) as b from t"),
    ("known_functions", "select log(a) as b from t"),
    ("known_functions", "select lower(a) as b from t"),
    ("known_functions", "select trim(a) as b from t"),
    ("known_functions", "select now() as b"),
    ("known_functions", "select current_date as b"),
    ("known_functions", "select random() as b"),
    ("known_functions", "select list_position(rel, 'ugc') as b from t"),
    ("known_functions", "select list_value(a) as b from t"),
    ("known_functions", "select regexp_matches(a, 'b') as b from t"),
    ("known_functions", "select string_agg(a, ',' order by a) as b from t"),
    ("known_functions", "select date_diff('day', a, b) as c from t"),
    ("known_constructs", "select rel[-1] as b from t"),
    ("known_constructs", "select [x for x in rel] as b from t"),
    ("known_constructs", "select a from t where a like '%\\%'"),
    ("known_constructs", "select a from t order by a limit 1"),
    ("known_constructs", "select a from t tablesample 1%"),
    ("known_constructs", "select distinct on (a) a, b from t"),
    ("known_constructs", "select count(distinct (a, b)) as c from t"),
    ("known_constructs", "select a, count(*) as n from t group by all"),
    ("known_constructs", "select a, count(*) as n from t group by rollup (a)"),
    ("known_constructs", "with u as (select a from t union select a from v) select a from u"),
    ("known_constructs", "with u as (select a from t union all by name select a from v) select a from u"),
    ("known_constructs", "with recursive u as (select a from t union all select a from u) select a from u"),
    ("known_constructs", "select a from t where a in rel"),
    ("known_constructs", "select a at time zone 'UTC' as b from t"),
    ("known_types", "select cast(a as decimal(9, 2)) as b from t"),
    ("known_types", "select cast(a as hugeint) as b from t"),
    ("known_joins", "select t.a from t full join u on t.a = u.a"),
    ("known_joins", "select t.a from t natural join u"),
    ("known_joins", "select t.a from t asof join u on t.a >= u.a"),
    ("known_joins", "select t.a from t semi join u on t.a = u.a"),
    ("known_joins", "select t.a, u.b from t left join unnest(t.rel) as u(b) on true"),
    ("whole_sums", "select sum(pagerank) as b from t"),
    ("whole_sums", "select sum(case when is_x then weight else 0 end) as b from t"),
    ("whole_sums", "select sum(link_count / 2) as b from t"),
    ("plain_casts", "select cast(link_count / 2 as bigint) as b from t"),
    ("plain_casts", "select cast(pagerank as bigint) as b from t"),
    ("plain_casts", "select cast(first_seen as varchar) as b from t"),
    ("plain_casts", "select pagerank::varchar as b from t"),
    ("double_literals", "select link_count * 0.5 as b from t"),
    ("double_literals", "select case when a then 0.5 else 1 end as b from t"),
    ("double_literals", "select link_count / nullif(1 - 0.9, 0) as b from t"),
    ("guarded_division", "select a / b as c from t"),
    ("guarded_division", "select a % b as c from t"),
    ("guarded_division", "select a / 0 as c from t"),
    ("round_to_whole", "select round(pagerank, 2) as b from t"),
    ("rounded_logarithms", "select ln(a) as b from t"),
    ("rounded_logarithms", "select log2(a) as b from t"),
    ("substr_from_one", "select substr(a, 0, 2) as b from t"),
    ("substr_from_one", "select substr(a, b) as c from t"),
    ("plain_splits", "select split_part(a, '/', 0) as b from t"),
    ("plain_splits", "select split_part(a, '', 1) as b from t"),
    ("plain_splits", "select split_part(a, b, 1) as c from t"),
    ("plain_splits", "select split_part(a, '/', b) as c from t"),
    ("ordered_ranks", "select row_number() over () as b from t"),
    ("ordered_ranks", "select rank() over (partition by a) as b from t"),
    ("sorted_lists", "select list(link_type) as b from t"),
    ("sorted_lists", "select list_sort(list(link_type order by link_type)) as b from t"),
    ("sorted_lists", "select array_to_string(list(link_type), ' ') as b from t"),
    ("sorted_lists", "select list_distinct(rel) as b from t"),
    ("lists_without_nulls", "select list_sort(list(title)) as b from t"),
    ("lists_without_nulls", "select list_sort(list(title) filter (where title is not null)) as b from t"),
    ("lists_without_nulls", "select coalesce(list_sort(list(title) filter (where a = 1)), []) as b from t"),
    ("plain_needles", "select list_contains(rel, a) as b from t"),
    ("transpiles", "select max(a) over (rows between 1 preceding and 0 following exclude ties) as b from t"),
]

SOUND = [
    "select a, b as c from t",
    "with u as (select a from t), v as (select a from u union all select a from t) select v.a from v",
    "select a, count(*) as n, count(distinct b) as m, count(*) filter (where is_x) as k from t group by a",
    "select sum(link_count) as a, sum(case when is_x then 1 else 0 end) as b from t",
    "select sum(cast(is_x as int)) as a, cast(max(link_count) as bigint) as b from t",
    "select cast(round(1000000 * log2(1 + link_count)) as bigint) as weight_micro from t",
    "select cast(sum(link_count) filter (where is_x) as bigint) as a from t",
    "select cast(coalesce(n_count, 0) as bigint) as a, cast(a is null as int) as b from t",
    "select cast($crawl_id as varchar) as crawl_id, cast(null as varchar) as b from t where c <= $as_of",
    "select round(pagerank * 100) / 100 as a, a / nullif(b, 0) as c, link_count % 16 as d from t",
    "select coalesce(farm_score, 0.0) as a, pagerank * 5e-1 as b, cast(0.5 as double) * pagerank as c from t",
    "select row_number() over (partition by a order by b desc, c) as place from t",
    "select a from t qualify row_number() over (partition by a order by b) = 1",
    "select list_sort(list_distinct(list(link_type))) as a from t",
    "select list_sort(list_distinct(flatten(list(rel)))) as b from t",
    "select coalesce(list_sort(list(title) filter (where title is not null and is_x)), []) as b from t",
    "select t.a, u.rel as b from t cross join unnest(t.rel) as u(rel)",
    "select t.a from t left join u on t.a = u.a cross join v",
    "select t.a from t where not exists (select 1 from w where w.a = t.a)",
    "select a from t where a in ('x', 'y') and b not in (select c from u) and d is not distinct from e",
    "select array_to_string(rel, ' ') as a, list_contains(rel, 'ugc') as b, substr(c, 1, 10) as d from t",
    "select contains(a, b) as c, split_part(a, '/', 4) as d, split_part(a, '/', -1) as e from t",
    "select first_seen - interval 1 day as a, last_seen + interval '24 hours' as b from t",
]


@pytest.mark.parametrize("path", sql_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_of_transforms_keeps_to_the_rules(path: Path) -> None:
    assert lint(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("rule", "sql"), BROKEN)
def test_a_rule_catches_what_it_forbids(rule: str, sql: str) -> None:
    assert rule in {f.rule for f in lint(GRAIN + sql)}


@pytest.mark.parametrize("sql", SOUND)
def test_what_the_two_engines_answer_alike_passes(sql: str) -> None:
    assert lint(GRAIN + sql) == []


def test_a_file_says_its_grain_first() -> None:
    assert [f.rule for f in lint("with u as (select a from t) select a from u")] == ["grain_first"]


def test_every_rule_has_a_bad_example() -> None:
    shown = {rule for rule, _ in BROKEN} | {"grain_first"}
    assert {rule.name for rule in RULES} <= shown


def test_no_function_is_both_allowed_and_advised_against() -> None:
    assert not FUNCTIONS & set(INSTEAD)


def test_a_finding_names_its_line_and_what_to_write_instead() -> None:
    (finding,) = lint(GRAIN + "select\n    a,\n    upper(b) as c\nfrom t")
    assert finding.line == 4
    assert finding.message.startswith("upper (the two differ on ß: fold case at extraction)")


def test_the_command_prints_findings_and_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.sql"
    file.write_text(GRAIN + "select a\nfrom t where hash(a) = 1", encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.startswith(f"{file}:3: known_functions: hash")
    file.write_text(GRAIN + "select a from t", encoding="utf-8")
    assert main([str(file)]) == 0
