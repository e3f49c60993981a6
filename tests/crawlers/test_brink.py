"""What kills its reader is read twice and then left out; all else is read, however its readers end."""

import multiprocessing
import os
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

import crawlers.archives
import crawlers.records
from crawlers.answers import Answer
from crawlers.archives import ingest
from crawlers.brink import Brink, Deadly
from crawlers.journal import Journal
from crawlers.sink import Sink
from tests.crawlers.test_archives import FACTS, gzipped, http, is_complete, response, rows_of

FORKS = multiprocessing.get_context("forkserver")


def killed(folder: Path, name: str) -> None:
    """What a process leaves behind that is killed while it reads something of that name."""
    (folder / "reading").write_text(name, encoding="ascii")


def test_what_killed_its_reader_twice_is_not_read_a_third_time(tmp_path: Path) -> None:
    for _ in range(2):
        with Brink(tmp_path).reading("b"):
            pass
        killed(tmp_path, "a")
    brink = Brink(tmp_path)
    with pytest.raises(Deadly, match="reading it killed the process 2 times"), brink.reading("a"):
        pass
    with brink.reading("b"):
        pass


@pytest.mark.parametrize("end", [None, ValueError, MemoryError, KeyboardInterrupt])
def test_an_end_that_can_be_caught_is_no_death(tmp_path: Path, end: type[BaseException] | None) -> None:
    for _ in range(3):
        with pytest.raises(end) if end else nullcontext(), Brink(tmp_path).reading("a"):
            if end:
                raise end
    assert not (tmp_path / "deaths.json").exists()


def _read(folder: str, archive: str) -> None:
    """Ingest with a parser that dies of poison as compiled code does."""

    def dying(answer: Answer, url: str) -> tuple[str, None]:
        if b"poison" in answer.body:
            os.kill(os.getpid(), signal.SIGSEGV)
        return "fetched", None

    crawlers.records.read_page = dying  # type: ignore[attr-defined]
    crawlers.archives.prepare = lambda: None  # type: ignore[attr-defined]
    with Journal.open_or_create(Path(folder), FACTS) as journal:
        ingest([archive], Sink(journal, stage="ingest"))


@pytest.mark.slow
def test_a_page_that_kills_the_parser_is_put_aside_after_two_tries(tmp_path: Path) -> None:  # 72
    archive = tmp_path / "a.warc.gz"
    archive.write_bytes(gzipped([response(0), response(1, http=http(body=b"<p>poison")), response(2)]))
    codes: list[int | None] = []
    while codes[-1:] != [0] and len(codes) < 5:
        process = FORKS.Process(target=_read, args=(str(tmp_path / "observing"), str(archive)))
        process.start()
        process.join(60)
        codes.append(process.exitcode)
    assert codes == [-signal.SIGSEGV, -signal.SIGSEGV, 0]
    rows = rows_of(tmp_path / "observing")
    assert [row["requested_url"][-1] for row in rows["page_fetches"]] == ["0", "2"]
    (rejected,) = rows["rejected_records"]
    assert (rejected["reason"], "killed the process 2 times" in rejected["detail"]) == ("bad_record", True)
    assert "poison" in rejected["record"], "kept"
    assert not is_complete(tmp_path)
