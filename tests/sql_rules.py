"""The rules that keep SQL to what DuckDB and Spark are known to answer alike.

"Known" was measured: each function and construct below gave the same rows on DuckDB 1.5.5 and, transpiled
by SQLGlot 30.30, on Spark 4.3.0 (with NULLs, empty lists, non-ASCII text, ties, negative and large numbers),
or has a rule that keeps it to what did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pyarrow as pa
import sqlglot
from sqlglot import ErrorLevel, Token, TokenType, exp
from sqlglot.errors import SqlglotError

from schemas.catalog import DATASETS


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL file, read three ways."""

    text: str
    tokens: tuple[Token, ...]
    tree: exp.Expr


Places = Iterator[tuple[int, str]]  # offsets in the text, each with what stands there


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, what to do instead, and the places of a query that break it."""

    name: str
    advice: str
    check: Callable[[Query], Places]


# fmt: off

# As written, because SQLGlot gives synonyms one name: it reads len and length as the same function.
FUNCTIONS: Final = frozenset({
    "abs", "array_agg", "array_length", "array_to_string", "bool_and", "bool_or",
    "ceil", "coalesce", "concat", "contains", "count", "dense_rank", "flatten", "floor", "greatest", "lag", "lead",
    "least", "length", "list", "list_contains", "list_distinct", "list_sort", "ln", "log2", "max", "min",
    "nullif", "percent_rank", "rank", "round", "row_number", "split_part", "sqrt", "substr", "sum", "unnest",
})

# What people will look for here, and why it is missing or what to write instead.
INSTEAD: Final = {
    "any_value": "it picks any row: use row_number() and keep place 1",
    "arg_max": "ties pick any row: use row_number() with a unique order",
    "arg_min": "ties pick any row: use row_number() with a unique order",
    "avg": "floats are never summed: divide two whole sums and round",
    "date_diff": "DuckDB counts boundaries, Spark whole days: compare with an interval",
    "epoch": "Spark drops the fraction",
    "first": "it picks any row: use row_number() and keep place 1",
    "hash": "each engine has its own: ids are computed at extraction",
    "len": "Spark reads it as the length of a text: use length(text) or array_length(list)",
    "log": "DuckDB takes base 10, Spark base e: use ln or log2",
    "lower": "the two differ on İ and a final Σ: fold case at extraction",
    "max_by": "ties pick any row: use row_number() with a unique order",
    "min_by": "ties pick any row: use row_number() with a unique order",
    "now": "time comes as $as_of",
    "trim": "DuckDB trims every Unicode space, Spark only U+0020: trim at extraction",
    "upper": "the two differ on ß: fold case at extraction",
}

CONSTRUCTS: Final = (
    exp.Select, exp.With, exp.CTE, exp.TableAlias, exp.Table, exp.From, exp.Join, exp.Where, exp.Group,
    exp.Having, exp.Order, exp.Ordered, exp.Qualify, exp.Union, exp.Subquery, exp.Exists, exp.Distinct,
    exp.Filter, exp.Window, exp.WindowSpec, exp.Column, exp.Identifier, exp.Alias, exp.Star,
    exp.Placeholder, exp.Paren, exp.Literal, exp.Boolean, exp.Null, exp.Interval, exp.Var, exp.Array,
    exp.Cast, exp.DataType, exp.Case, exp.If, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE,
    exp.GT, exp.GTE, exp.Is, exp.In, exp.Between, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub,
    exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.BitwiseAnd, exp.DPipe, exp.Unnest, exp.Explode,
)
TYPES: Final = frozenset({
    "BIGINT", "INT", "DOUBLE", "VARCHAR", "TEXT", "TIMESTAMP", "TIMESTAMPTZ", "BOOLEAN", "ARRAY", "LIST",
})
# fmt: on

JOINS: Final = frozenset({"", "inner", "left", "left outer", "cross"})
ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
PREDICATES: Final = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Boolean)
RANKS: Final = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.Lag, exp.Lead)
LISTS: Final = (exp.ArrayDistinct, exp.Flatten, exp.Filter)

# What the catalog says about a name in every dataset that has it. Other names go by their ending.
_COLUMNS: Final = tuple(c for d in DATASETS for c in d.columns)
_NAMES: Final = frozenset(c.name for c in _COLUMNS)
WHOLE: Final = _NAMES - {c.name for c in _COLUMNS if not pa.types.is_integer(c.type)}
BOOLEAN: Final = _NAMES - {c.name for c in _COLUMNS if not pa.types.is_boolean(c.type)}
NEVER_NULL: Final = _NAMES - {c.name for c in _COLUMNS if c.nullable}
WHOLE_ENDINGS: Final = ("_count", "_micro", "sightings")


# -- the text and its tokens ---------------------------------------------------------------------------------


def _grain(query: Query) -> Places:
    if not query.text.startswith("-- one row per "):
        yield 0, ""


def _jinja(query: Query) -> Places:
    for mark in ("{{", "{%", "{#"):
        if mark in query.text:
            yield query.text.index(mark), mark


def _case(query: Query) -> Places:
    for token in query.tokens:
        written = query.text[token.start : token.end + 1]
        if token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and written != written.lower():
            yield token.start, written


def _parameters(query: Query) -> Places:
    for token, after in pairwise((*query.tokens, Token(TokenType.SEMICOLON, ""))):
        is_named = token.text == "$" and after.token_type is TokenType.VAR and after.start == token.end + 1
        is_other = token.token_type in (TokenType.PARAMETER, TokenType.PLACEHOLDER, TokenType.COLON)
        if is_other and not is_named:
            yield token.start, token.text + after.text


# -- the shape of the query ----------------------------------------------------------------------------------


def _select(query: Query) -> Places:
    if not isinstance(query.tree, exp.Select):
        yield 0, query.tree.key
    for node in query.tree.find_all(exp.Subquery):
        if isinstance(node.parent, exp.From | exp.Join):
            yield _place(node, query)


def _stars(query: Query) -> Places:
    for node in query.tree.find_all(exp.Star):
        if not isinstance(node.parent, exp.Count):
            yield _place(node.parent if isinstance(node.parent, exp.Column) else node, query)


def _columns(query: Query) -> Places:
    for select in query.tree.find_all(exp.Select):
        if isinstance(select.parent, exp.Exists):
            continue
        for column in select.expressions:
            if not column.alias_or_name and not column.is_star:
                yield _place(column, query)


def _tables(query: Query) -> Places:
    for node in query.tree.find_all(exp.Table):
        name = node.this
        if not isinstance(name, exp.Identifier) or name.quoted or node.db or node.catalog:
            yield _place(node, query)


def _functions(query: Query) -> Places:
    for node in query.tree.find_all(exp.Func):
        name = _written(node, query)
        if name in FUNCTIONS and not isinstance(node, exp.Anonymous):
            continue
        if "start" in node.meta or not isinstance(node, CONSTRUCTS):
            hint = f" ({INSTEAD[name]})" if name in INSTEAD else ""
            yield _place(node, query)[0], f"{name}{hint}"


def _constructs(query: Query) -> Places:
    for node in query.tree.walk():
        is_in_list = isinstance(node, exp.In) and node.args.get("field")
        if is_in_list or not isinstance(node, (*CONSTRUCTS, exp.Func)):
            yield _place(node, query)
    for group in query.tree.find_all(exp.Group):
        if any(value for key, value in group.args.items() if key != "expressions"):
            yield _place(group, query)
    for union in query.tree.find_all(exp.Union):
        if union.args.get("distinct") or union.args.get("by_name"):
            yield _place(union, query)
    for distinct in query.tree.find_all(exp.Distinct):
        if distinct.args.get("on") or len(distinct.expressions) > 1:
            yield _place(distinct, query)
    for ctes in query.tree.find_all(exp.With):
        if ctes.args.get("recursive"):
            yield _place(ctes, query)


def _types(query: Query) -> Places:
    for node in query.tree.find_all(exp.DataType):
        if node.this.value not in TYPES:
            yield _place(node.parent or node, query)


def _joins(query: Query) -> Places:
    for node in query.tree.find_all(exp.Join):
        words = " ".join(filter(None, (node.method, node.side, node.kind))).lower()
        is_cross = words in ("", "cross") and not node.args.get("on") and not node.args.get("using")
        if words not in JOINS or (isinstance(node.this, exp.Unnest) and not is_cross):
            yield _place(node, query)


# -- what the two engines answer differently -----------------------------------------------------------------


def _sums(query: Query) -> Places:
    for node in query.tree.find_all(exp.Sum):
        if not _is_whole(node.this):
            yield _place(node, query)


def _casts(query: Query) -> Places:
    for node in query.tree.find_all(exp.Cast):
        kind, given = node.to.this.value, node.this.unnest()
        if isinstance(given, exp.Null | exp.Placeholder) or given.is_string:
            continue
        is_fraction = kind in ("BIGINT", "INT", "VARCHAR", "TEXT") and not _is_whole(given)
        is_boolean = kind in ("BIGINT", "INT") and _is_boolean(given)
        if is_fraction and not is_boolean:
            yield _place(node, query)


def _decimals(query: Query) -> Places:
    for node in query.tree.find_all(exp.Literal):
        if node.is_string or "." not in node.name or "e" in node.name.lower():
            continue
        above = node.parent
        while isinstance(above, exp.Paren | exp.Neg | exp.If | exp.Case):
            above = above.parent
        if isinstance(above, (*ARITHMETIC, exp.Alias, exp.AggFunc)):
            yield _place(node.parent or node, query)


def _divisions(query: Query) -> Places:
    for node in query.tree.find_all(exp.Div, exp.Mod):
        divisor = node.expression.unnest()
        is_number = isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.name) != 0
        if not is_number and not isinstance(divisor, exp.Nullif):
            yield _place(node, query)


def _rounds(query: Query) -> Places:
    for node in query.tree.find_all(exp.Round):
        if node.args.get("decimals"):
            yield _place(node, query)


def _logarithms(query: Query) -> Places:
    for node in query.tree.find_all(exp.Ln, exp.Log):
        if not node.find_ancestor(exp.Round):
            yield _place(node, query)


def _substrings(query: Query) -> Places:
    for node in query.tree.find_all(exp.Substring):
        start = node.args.get("start")
        if not isinstance(start, exp.Literal) or start.name == "0":
            yield _place(node, query)


def _splits(query: Query) -> Places:
    for node in query.tree.find_all(exp.SplitPart):
        delimiter, part = node.args.get("delimiter"), node.args.get("part_index")
        number = part.this if isinstance(part, exp.Neg) else part
        is_number = isinstance(number, exp.Literal) and number.is_int and number.name.strip("0") != ""
        if not isinstance(delimiter, exp.Literal) or not delimiter.is_string or not delimiter.name or not is_number:
            yield _place(node, query)


def _ranks(query: Query) -> Places:
    for node in query.tree.find_all(*RANKS):
        window = node.find_ancestor(exp.Window)
        if window is None or not window.args.get("order"):
            yield _place(node, query)


def _list_order(query: Query) -> Places:
    for node in query.tree.find_all(exp.ArrayAgg, exp.ArrayDistinct):
        above = node.parent
        while isinstance(above, LISTS):
            above = above.parent
        if isinstance(node.this, exp.Order) or not isinstance(above, exp.ArraySort):
            yield _place(node, query)


def _list_nulls(query: Query) -> Places:
    for node in query.tree.find_all(exp.ArrayAgg):
        given = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        kept = node.parent if isinstance(node.parent, exp.Filter) else None
        if kept is None:
            if _name(given) not in NEVER_NULL:
                yield _place(node, query)
            continue
        condition = kept.expression.this
        conditions = condition.flatten() if isinstance(condition, exp.And) else [condition]
        sort = node.find_ancestor(exp.ArraySort)
        is_never_null = f"NOT {given.sql()} IS NULL" in {c.sql() for c in conditions}
        if not is_never_null or sort is None or not isinstance(sort.parent, exp.Coalesce):
            yield _place(kept, query)


def _needles(query: Query) -> Places:
    for node in query.tree.find_all(exp.ArrayContains):
        if not isinstance(node.expression, exp.Literal | exp.Placeholder):
            yield _place(node, query)


def _transpiles(query: Query) -> Places:
    try:
        sqlglot.parse_one(query.tree.sql("spark", unsupported_level=ErrorLevel.RAISE), read="spark")
    except SqlglotError as error:
        yield 0, str(error).splitlines()[0]


# -- reading the tree ----------------------------------------------------------------------------------------


def _written(node: exp.Func, query: Query) -> str:
    """The name of a function as the file writes it, or SQLGlot's where its parser forgets the place."""
    if "start" not in node.meta:
        return str(node.sql_name()).lower()
    return query.text[node.meta["start"] : node.meta["end"] + 1].lower()


def _place(node: exp.Expr, query: Query) -> tuple[int, str]:
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    around = node.find_ancestor(exp.Select)
    if not starts and around is not None:
        return _place(around, query)[0], node.sql("duckdb")[:80]
    return min(starts, default=0), node.sql("duckdb")[:80]


def _name(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Column) else ""


def _is_boolean(node: exp.Expr) -> bool:
    return isinstance(node, PREDICATES) or _name(node).startswith("is_") or _name(node) in BOOLEAN


def _is_whole(node: exp.Expr) -> bool:
    """Whether it is surely a whole number: sums of these are exact in any order, and casts change nothing."""
    node = node.unnest()
    match node:
        case exp.Column():
            return node.name.endswith(WHOLE_ENDINGS) or node.name in WHOLE
        case exp.Literal():
            return bool(node.is_int)
        case exp.Count() | exp.Length() | exp.RowNumber() | exp.Rank() | exp.DenseRank():
            return True
        case exp.Round() | exp.Floor() | exp.Ceil():
            return True
        case exp.Cast():
            return node.to.this.value in ("BIGINT", "INT")
        case exp.Case():
            branches = [i.args["true"] for i in node.args["ifs"]] + [node.args.get("default") or exp.Null()]
            return all(isinstance(b, exp.Null) or _is_whole(b) for b in branches)
        case exp.Filter() | exp.Window() | exp.Neg() | exp.Abs() | exp.Sum() | exp.Nullif():
            return _is_whole(node.this)
        case exp.Min() | exp.Max() | exp.Coalesce() | exp.Greatest() | exp.Least():
            return all(_is_whole(n) for n in (node.this, *node.expressions))
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod() | exp.BitwiseAnd():
            return _is_whole(node.this) and _is_whole(node.expression)
    return False


RULES: Final = (
    Rule("grain_first", "the first line is a comment that begins `-- one row per `", _grain),
    Rule("no_jinja", "a file is SQL as it stands; values come as $name", _jinja),
    Rule("lower_case", "write keywords and names in lower case", _case),
    Rule("named_parameters", "values come as $name", _parameters),
    Rule("select_of_ctes", "a file is one SELECT; name each subquery in FROM as a CTE", _select),
    Rule("no_star", "spell the columns out", _stars),
    Rule("named_columns", "give the column a name", _columns),
    Rule("plain_tables", "read tables by plain names", _tables),
    Rule("known_functions", "not known to be equal on DuckDB and Spark", _functions),
    Rule("known_constructs", "not known to be equal on DuckDB and Spark", _constructs),
    Rule("known_types", "cast to bigint, int, double, varchar, timestamp, timestamptz or boolean", _types),
    Rule("known_joins", "join with inner, left or cross, and unnest with cross join alone", _joins),
    Rule("whole_sums", "floats sum differently in another order: sum whole numbers (*_count, *_micro)", _sums),
    Rule("plain_casts", "DuckDB rounds, Spark cuts; each prints fractions and times in its own way", _casts),
    Rule("double_literals", "with a point it is a decimal, whose arithmetic differs: write 5e-1", _decimals),
    Rule("guarded_division", "Spark fails where DuckDB says inf: divide by nullif(x, 0)", _divisions),
    Rule("round_to_whole", "ties differ at a decimal place: write round(x * 100) / 100", _rounds),
    Rule("rounded_logarithms", "the last bit differs: put it inside round()", _logarithms),
    Rule("substr_from_one", "start at a literal from 1: the two differ at 0", _substrings),
    Rule(
        "plain_splits", "split_part takes a literal text and a literal place other than 0, where Spark fails", _splits
    ),
    Rule("ordered_ranks", "give the window an order", _ranks),
    Rule("sorted_lists", "Spark drops the order of a list: put it inside list_sort()", _list_order),
    Rule("lists_without_nulls", "coalesce(list_sort(list(x) filter (where x is not null)), [])", _list_nulls),
    Rule(
        "plain_needles",
        "look for a literal or a parameter: of NULL, DuckDB says false and Spark NULL",
        _needles,
    ),
    Rule("transpiles", "SQLGlot cannot write it for Spark", _transpiles),
)
