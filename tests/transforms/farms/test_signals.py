"""The registry: names are unique, thresholds are where scores turn, vetted registries are told from
look-alikes."""

import pytest

from transforms.farms.signals import OUT_LINK_SIMILARITY, SIGNALS, Logistic, is_vetted


def test_every_signal_has_a_name_of_its_own_and_turns_at_its_threshold() -> None:
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)
    for signal in SIGNALS:
        assert signal.meaning.endswith(".")
        assert 0 < signal.weight < 1
        assert signal.score(signal.suspicious_from) == pytest.approx(0.5)


@pytest.mark.parametrize(("value", "low", "high"), [(0.1, 0.0, 0.05), (0.6, 0.95, 1.0), (1.0, 0.99, 1.0)])
def test_two_mirrors_are_not_suspicious_and_seven_twins_are(value: float, low: float, high: float) -> None:
    assert low <= OUT_LINK_SIMILARITY.score(value) <= high


def test_a_soft_threshold_reaches_both_ends_without_overflow() -> None:
    rising, falling = Logistic(0.5, 0.1), Logistic(0.5, -0.1)
    assert [rising(x) for x in (-1e9, 0.5, 1e9)] == [0.0, 0.5, 1.0]
    assert falling(0.7) == pytest.approx(1 - rising(0.7))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fcc.gov", True), ("MIT.EDU", True), ("ox.ac.uk", True), ("x.gov.br", True), ("nato.int", True),
        ("ac.me", False), ("gov.example", False), ("gov", False), ("my-gov.com", False),
    ],
)  # fmt: skip
def test_vetted_registries_are_told_from_look_alikes(name: str, expected: bool) -> None:
    assert is_vetted(name) == expected
