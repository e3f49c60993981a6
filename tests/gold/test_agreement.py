"""Two label files become one: faults are named, kappa is Cohen's, only what both say is kept."""

import json
import sys
from pathlib import Path

import pytest

from tests.gold import agreement
from tests.gold.agreement import confusion, kappa, merged, read_labels


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (["1\tmain", "2\tad"], []),
        (["# note", "", "2\tad ", "1\tmain"], []),
        (["1\tmain"], ["missing: 1: 2"]),
        (["1\tmain", "1\tad", "2\tad"], ["line 2: 1 has a label already"]),
        (["1\tbody", "2\tad"], ["line 1: 'body' is no placement", "missing: 1: 1"]),
        (["1\tmain", "2\tad", "3\tad"], ["line 3: '3' is no key of the sample"]),
    ],
)
def test_faults_of_a_label_file_are_named(lines: list[str], faults: list[str]) -> None:
    assert read_labels(lines, ["1", "2"]).faults == faults


def test_kappa_is_cohens() -> None:
    # The textbook case: 20 + 15 agreed of 50, chance .5, so (.7 - .5) / (1 - .5).
    pairs = [("main", "main")] * 20 + [("main", "ad")] * 5 + [("ad", "main")] * 10 + [("ad", "ad")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("main", "ad"), ("ad", "main")]) == pytest.approx(-1.0)
    assert kappa([("main", "main")]) == 1.0
    with pytest.raises(ValueError, match="at least one"):
        kappa([])


def test_confusion_has_rows_for_the_first_labeller() -> None:
    assert confusion([("main", "ad"), ("main", "main"), ("main", "ad")]).splitlines() == [
        "| A \\ B | main | ad |",
        "| --- | --: | --: |",
        "| main | 1 | 2 |",
        "| ad | · | · |",
    ]


def test_labels_that_differ_become_unsure() -> None:
    assert (merged("main", "main"), merged("main", "list")) == ("main", "unsure")


def test_merge_writes_the_gold_file_without_page_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "key": k,
            "url": f"http://a.com/{k}",
            "host": "a.com",
            "half": "test",
            "href": "/x\ty",
            "nth": 0,
            "position": 3,
        }
        for k in ("1", "2")
    ]
    (tmp_path / "sample.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (tmp_path / "a").write_text("1\tmain\n2\tlist\n", "utf-8")
    (tmp_path / "b").write_text("1\tmain\n2\tmain\n", "utf-8")
    monkeypatch.setattr(agreement, "GOLD", tmp_path / "placement.tsv")
    monkeypatch.setattr(sys, "argv", ["agreement", "merge", *(str(tmp_path / f) for f in ("sample.jsonl", "a", "b"))])
    assert agreement.main() == 0
    assert (tmp_path / "placement.tsv").read_text("utf-8").splitlines() == [
        "url\thref\tnth\tposition\thalf\tplacement",
        'http://a.com/1\t"/x\ty"\t0\t3\ttest\tmain',
        'http://a.com/2\t"/x\ty"\t0\t3\ttest\tunsure',
    ]
    assert "2 links, 1 agreed" in capsys.readouterr().out
