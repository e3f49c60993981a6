"""The journal: what it acknowledges survives any end of its writer, and what it does not never happened."""

import json
import os
from pathlib import Path

import pytest

from crawlers.journal import JOURNAL, Journal, PartFile
from schemas.errors import Conflict, DamagedFile, LakeError

FACTS = {"crawl_id": "c1", "kind": "ingest", "started_at": "then", "seeds_hash": "s", "config_hash": "c"}


def part(number: int, name: str = "page_fetches-00001.parquet", size: int = 4) -> dict[str, object]:
    file = {"name": name, "rows": 1, "bytes": size, "sha256": "00"}
    return {"line": "part", "number": number, "files": {"page_fetches": file}, "resume": {"at": number}}


def written(folder: Path) -> None:
    """A journal with two parts and their files."""
    with Journal.open_or_create(folder, FACTS) as journal:
        for number in (1, 2):
            name = f"page_fetches-{number:05d}.parquet"
            (folder / name).write_bytes(b"PAR1")
            journal.append(part(number, name))


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    written(tmp_path)
    with Journal.open_or_create(tmp_path, FACTS) as journal:
        journal.append({"line": "complete", "finished_at": "now", "is_complete": True, "counts": {"fetched": 2}})
    state = Journal.read(tmp_path)
    assert state.crawl == {"line": "crawl", **FACTS}
    assert [one.number for one in state.parts] == [1, 2]
    assert state.parts[1].files == {"page_fetches": PartFile("page_fetches-00002.parquet", 1, 4, "00")}
    assert state.parts[1].resume == {"at": 2}
    assert state.complete is not None
    assert state.complete["counts"] == {"fetched": 2}


def test_a_crawl_carried_on_keeps_its_own_beginning(tmp_path: Path) -> None:
    written(tmp_path)
    with Journal.open_or_create(tmp_path, {**FACTS, "started_at": "later"}) as journal:
        assert journal.state.crawl["started_at"] == "then"


def test_an_incomplete_crawl_is_open_again_once_it_is_carried_on(tmp_path: Path) -> None:
    written(tmp_path)
    with Journal.open_or_create(tmp_path, FACTS) as journal:
        journal.append({"line": "complete", "finished_at": "now", "is_complete": False, "counts": {}})
        journal.append(part(3))
    assert Journal.read(tmp_path).complete is None
    assert len(Journal.read(tmp_path).parts) == 3


def test_a_line_torn_anywhere_is_dropped_and_the_journal_goes_on(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / JOURNAL
    sound = path.read_bytes()
    begin_of_last = sound.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(begin_of_last, len(sound)):
        path.write_bytes(sound[:cut])
        (tmp_path / "page_fetches-00002.parquet").write_bytes(b"PAR1")
        assert [one.number for one in Journal.read(tmp_path).parts] == [1]
        with Journal.open_or_create(tmp_path, FACTS) as journal:
            assert path.read_bytes() == sound[:begin_of_last]
            assert not (tmp_path / "page_fetches-00002.parquet").exists(), "it was never acknowledged"
            journal.append(part(2, "page_fetches-00001.parquet"))
        assert [one.number for one in Journal.read(tmp_path).parts] == [1, 2]


def test_a_last_line_of_garbage_was_torn_too(tmp_path: Path) -> None:
    written(tmp_path)
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b"\0\0\0\0\n")
    assert len(Journal.read(tmp_path).parts) == 2


def test_a_first_line_torn_begins_anew(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b'{"line":"cra')
    (tmp_path / "page_fetches-00001.parquet").write_bytes(b"PAR1")
    with Journal.open_or_create(tmp_path, FACTS) as journal:
        assert journal.state.parts == ()
    assert not list(tmp_path.glob("*.parquet"))


@pytest.mark.parametrize("garbage", [b"{}", b"[]", b"half a line", b'{"line":7}'])
def test_a_damaged_line_before_the_last_is_an_error_that_says_where(tmp_path: Path, garbage: bytes) -> None:
    written(tmp_path)
    path = tmp_path / JOURNAL
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], garbage, *lines[2:]]))
    for read in (Journal.read, lambda folder: Journal.open_or_create(folder, FACTS)):
        with pytest.raises(LakeError, match=r"journal\.jsonl is damaged at line 2"):
            read(tmp_path)


def test_a_part_described_wrongly_is_an_error(tmp_path: Path) -> None:
    written(tmp_path)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write(json.dumps({"line": "part", "number": 3}) + "\n")
    with pytest.raises(LakeError, match="describes a part wrongly"):
        Journal.read(tmp_path)


def test_a_folder_without_a_journal_holds_no_crawl(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="holds no crawl"):
        Journal.read(tmp_path)


@pytest.mark.parametrize("name", ["crawl_id", "kind", "seeds_hash", "config_hash"])
def test_another_crawl_is_not_carried_on(tmp_path: Path, name: str) -> None:
    written(tmp_path)
    with pytest.raises(LakeError, match=f"was begun with {name} {FACTS[name]}, now other"):
        Journal.open_or_create(tmp_path, {**FACTS, name: "other"})
    assert len(Journal.read(tmp_path).parts) == 2


def test_two_processes_cannot_write_one_folder(tmp_path: Path) -> None:
    with Journal.open_or_create(tmp_path, FACTS), pytest.raises(Conflict, match="another process"):
        Journal.open_or_create(tmp_path, FACTS)
    Journal.open_or_create(tmp_path, FACTS).close()


@pytest.mark.parametrize("damage", [os.unlink, lambda path: os.truncate(path, 2)])
def test_an_acknowledged_file_that_is_gone_or_cut_is_an_error(tmp_path: Path, damage: object) -> None:
    written(tmp_path)
    assert callable(damage)
    damage(tmp_path / "page_fetches-00001.parquet")
    with pytest.raises(DamagedFile, match=r"page_fetches-00001\.parquet is missing or not 4 bytes"):
        Journal.open_or_create(tmp_path, FACTS)
