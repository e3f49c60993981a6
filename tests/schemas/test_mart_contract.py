"""No mart column disappears or changes its type unnoticed."""

import pytest

from tests.schemas.mart_contract import FILE, Contract, breaches, todays, written

KEY = ("domains", "backlinks")


def test_the_marts_and_views_of_today_keep_what_was_promised() -> None:
    assert sorted(breaches(written(), todays())) == []


def test_all_that_is_there_is_promised() -> None:
    assert FILE.read_text(encoding="utf-8") == todays().to_text(), "run make contract"


def test_a_contract_is_read_as_it_was_written() -> None:
    assert written(todays().to_text()) == todays()


@pytest.mark.parametrize(
    ("promised", "today", "said"),
    [
        ("BIGINT", None, ["domains.backlinks is gone"]),
        ("BIGINT not null", "VARCHAR not null", ["domains.backlinks was BIGINT not null, and is VARCHAR not null"]),
        ("BIGINT not null", "BIGINT", ["domains.backlinks was BIGINT not null, and is BIGINT"]),
        ("BIGINT", "BIGINT not null", []),
        (None, "BIGINT", ["domains.backlinks is new, and mart_version is 1.4 still"]),
    ],
)
def test_what_breaks_a_reader_is_said(promised: str | None, today: str | None, said: list[str]) -> None:
    assert list(breaches(contract("1.4", promised), contract("1.4", today))) == said


def test_a_new_first_number_may_break_and_a_new_second_one_may_add() -> None:
    assert list(breaches(contract("1.4", "BIGINT"), contract("2", None))) == []
    assert list(breaches(contract("1.4", None), contract("1.5", "BIGINT"))) == []
    assert list(breaches(contract("1.4", "BIGINT"), contract("1.5", None))) == ["domains.backlinks is gone"]


def contract(version: str, what: str | None) -> Contract:
    return Contract(version, {} if what is None else {KEY: what})
