"""Archives elsewhere: read in ranges, with patience, as if they lay here, or given up with the file and the offset."""

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers import sources
from crawlers.sources import Patience, Reading, base_name, is_remote, open_source
from schemas.errors import ArchiveError
from tests.crawlers.archive_server import FAULTS, Site, serving

QUICK = Reading(user_agent="linklake/test (+mailto:me@a.test)", patience=Patience(attempts=3, seconds=0.001))
DATA = random.Random(3).randbytes(1_000_003)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BLOCK", 64 << 10)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "a.warc.gz").write_bytes(DATA)
    with serving(Site(tmp_path)) as site:
        yield site


def whole(place: str, reading: Reading = QUICK, *, step: int = 50_000) -> bytes:
    with open_source(place, reading) as source:
        source.seek(0)
        pieces = []
        while piece := source.read(step):
            pieces.append(piece)
        assert source.size == len(DATA)
        return b"".join(pieces)


def test_a_web_file_is_read_block_by_block_and_sought_like_any_other(site: Site) -> None:
    assert whole(f"{site.url}/a.warc.gz") == DATA
    assert [asked[0] for asked in site.asked] == ["HEAD"] + ["GET"] * 16
    assert site.asked[1][2] == "bytes=0-65535"
    assert site.asked[-1][2] == f"bytes=983040-{len(DATA) - 1}"
    assert {asked[3] for asked in site.asked} == {"linklake/test (+mailto:me@a.test)"}
    with open_source(f"{site.url}/a.warc.gz", QUICK) as source:
        for offset in (999_000, 70_000, 65_530, 0, 1_000_002, 1_000_003, 2_000_000):
            source.seek(offset)
            assert source.read(100) == DATA[offset : offset + 100]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_for_a_while_is_asked_for_again(site: Site, fault: str) -> None:
    site.faults = [fault, fault, "", fault]
    assert whole(f"{site.url}/a.warc.gz") == DATA


def test_a_cut_body_is_carried_on_from_the_byte_where_it_broke_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BLOCK", 1 << 20)
    site.faults = ["cut"] * 3
    assert whole(f"{site.url}/a.warc.gz") == DATA
    begins = [asked[2].removeprefix("bytes=").partition("-")[0] for asked in site.asked if asked[0] == "GET"]
    assert begins == ["0", "500001", "750002", "875002"]


@pytest.mark.parametrize("ability", ["knows_head", "sends_tags", "knows_ranges"])
def test_a_server_that_cannot_do_all_of_it_will_do(site: Site, ability: str) -> None:
    setattr(site, ability, False)
    site.faults = ["503", "503"]
    assert whole(f"{site.url}/a.warc.gz") == DATA


def test_hostile_104_a_server_that_sends_the_whole_file_is_asked_for_it_once(site: Site) -> None:
    site.knows_ranges = site.knows_head = False
    assert whole(f"{site.url}/a.warc.gz") == DATA
    assert [asked[0] for asked in site.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize("sends_tags", [True, False])
def test_hostile_104_a_file_that_changes_while_it_is_read_is_given_up(site: Site, sends_tags: bool) -> None:
    site.sends_tags = sends_tags
    with open_source(f"{site.url}/a.warc.gz", QUICK) as source:
        source.read(10)
        (site.folder / "a.warc.gz").write_bytes(DATA + b"more")
        source.seek(500_000)
        with pytest.raises(ArchiveError, match=r"a\.warc\.gz changed while it was read"):
            source.read(10)


def test_hostile_104_slow_down_is_obeyed_and_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    site.faults, site.retry_after = ["503", "429"], "7"
    assert whole(f"{site.url}/a.warc.gz") == DATA
    assert slept == [7.0, 7.0]
    site.faults, site.retry_after = ["503"], "99999"
    assert whole(f"{site.url}/a.warc.gz") == DATA
    assert slept[2:] == [120.0]
    slept.clear()
    site.faults = ["cut", *["reset"] * 4]
    assert whole(f"{site.url}/a.warc.gz", Reading(patience=Patience(attempts=6, seconds=1))) == DATA
    assert len(slept) == 5
    assert all(2**n / 2 <= seconds <= 2**n for n, seconds in enumerate(slept))
    assert len(set(slept)) == 5, "with jitter"


def test_what_does_not_mend_ends_with_the_file_and_the_offset(site: Site) -> None:
    with open_source(f"{site.url}/a.warc.gz", QUICK) as source:
        source.seek(130_000)
        source.read(10)
        (site.folder / "a.warc.gz").unlink()
        source.seek(500_000)
        with pytest.raises(
            ArchiveError, match=r"a\.warc\.gz from offset 458752 on \(HTTP 404 Not Found\), tried 3 times"
        ):
            source.read(10)
    assert len([asked for asked in site.asked if asked[2].startswith("bytes=458752-")]) == 3


def test_what_is_not_there_is_not_asked_for_again_and_again(site: Site) -> None:
    with pytest.raises(ArchiveError, match=r"cannot read .*/none \(HTTP 404 Not Found\)"):
        open_source(f"{site.url}/none", QUICK)
    assert len(site.asked) == 2, "HEAD, and once to be sure"


def test_nobody_listening_is_an_error_of_the_archive_not_a_traceback() -> None:
    with pytest.raises(ArchiveError, match=r"http://127\.0\.0\.1:1/x\.warc from offset 0 on .*tried 3 times"):
        open_source("http://127.0.0.1:1/x.warc", QUICK)


def test_places_are_told_apart() -> None:
    places = {
        "/x/a.warc": False,
        "a.warc": False,
        "s3://b/k": True,
        "https://h/k": True,
        "http://h/k": True,
        "s3": False,
    }
    assert {place: is_remote(place) for place in places} == places
    assert [base_name(p) for p in ("/x/a.warc", "s3://b/x/a.warc", "http://h/x/a.warc?v=1")] == ["a.warc"] * 3


# -------------------------------------------------------------------- S3


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3, in this process."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="archives")
    return client


def test_an_object_in_a_bucket_is_read_like_a_file(bucket: Any) -> None:
    bucket.put_object(Bucket="archives", Key="x/a.warc.gz", Body=DATA)
    assert whole("s3://archives/x/a.warc.gz") == DATA


def test_an_object_that_is_not_there_is_said(bucket: Any) -> None:
    with pytest.raises(ArchiveError, match=r"cannot read s3://archives/none \(there is no such object\)"):
        open_source("s3://archives/none", QUICK)


def test_an_object_that_vanishes_is_tried_again_and_then_named_with_the_offset(bucket: Any) -> None:
    bucket.put_object(Bucket="archives", Key="a.warc.gz", Body=DATA)
    with open_source("s3://archives/a.warc.gz", QUICK) as source:
        source.read(10)
        bucket.delete_object(Bucket="archives", Key="a.warc.gz")
        source.seek(70_000)
        match = r"s3://archives/a\.warc\.gz from offset 65536 on \(the object is gone\), tried 3 times"
        with pytest.raises(ArchiveError, match=match):
            source.read(10)


def test_an_object_that_is_replaced_is_given_up(bucket: Any) -> None:
    bucket.put_object(Bucket="archives", Key="b.warc.gz", Body=DATA)
    with open_source("s3://archives/b.warc.gz", QUICK) as source:
        source.read(10)
        bucket.put_object(Bucket="archives", Key="b.warc.gz", Body=DATA[:-1])
        source.seek(70_000)
        with pytest.raises(ArchiveError, match="changed while it was read"):
            source.read(10)


def test_memory_does_not_grow_with_the_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks are held, whatever was read."""
    with open_source(f"{site.url}/a.warc.gz", QUICK) as source:
        seen = hashlib.sha256()
        while piece := source.read(10_000):
            seen.update(piece)
            assert len(source._blocks) <= 2  # type: ignore[attr-defined]
    assert seen.digest() == hashlib.sha256(DATA).digest()
