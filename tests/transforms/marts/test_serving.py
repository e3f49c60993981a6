"""The file that BI opens is whole at every moment: swapped in one step, made again when it is lost."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from linklake.config import load
from linklake.runs import refresh_serving
from schemas.catalog import MARTS
from schemas.errors import DamagedFile
from schemas.lake import Lake
from schemas.ledger import Snapshot
from schemas.render import select_files, sql_type
from tests.killable import Killable
from tests.small_lake import DAMAGES, damage, republish
from tests.tiny_lake import CRAWL_ID, MEMORY, linklake
from transforms.engines.duckdb import Resources
from transforms.marts import serving
from transforms.marts.serving import SERVING_FILE, build_serving, served_version, sole_builder

SETTINGS = load({"memory": MEMORY, "threads": 2}, environment={}, folder=Path("/nowhere"))

Parts = Mapping[str, Sequence[Path]]


@pytest.fixture(scope="module")
def parts(built_lake: Path) -> Parts:
    lake = Lake.open(built_lake)
    return {mart.name: [lake.path(f) for f in _mart(lake.snapshot(), mart.name)] for mart in MARTS}


def _mart(snapshot: Snapshot, name: str) -> Sequence[Any]:
    found = snapshot.newest(name)
    return found.files if found else ()


def build(folder: Path, parts: Parts, version: str) -> Path:
    with sole_builder(folder):
        return build_serving(folder, parts, version=version, resources=Resources("1GB", 2, folder / ".spill"))


def version_of(path: Path) -> str:
    """Asked in a process of its own: one process that holds a file open is handed the same file again."""
    words = f"import duckdb; print(duckdb.connect({str(path)!r}, read_only=True)"
    words += ".execute('select version from linklake_internal.version').fetchone()[0])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def _keep_reading(path: str, line: Connection) -> None:
    """A BI tool: opens the file once, and answers the version and a mart's rows whenever asked."""
    with duckdb.connect(path, read_only=True) as connection:
        while line.recv() == "read":
            (version,) = connection.execute("select version from linklake_internal.version").fetchall()[0]
            line.send((version, connection.execute("select sum(backlinks), count(*) from domains").fetchall()))


@pytest.fixture
def reader(tmp_path: Path, parts: Parts) -> Iterator[Connection]:
    path = build(tmp_path, parts, "first")
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_keep_reading, args=(str(path), theirs))
    process.start()
    yield ours
    ours.send("leave")
    process.join(60)
    assert process.exitcode == 0


def test_a_reader_that_has_the_file_open_keeps_its_snapshot_through_swaps_and_a_new_one_sees_the_new_file(
    reader: Connection, tmp_path: Path, parts: Parts
) -> None:
    reader.send("read")
    before = reader.recv()
    for version in ("second", "third", "fourth", "fifth", "sixth"):
        build(tmp_path, {name: [] for name in parts}, version)
        reader.send("read")
        assert reader.recv() == before
        assert version_of(tmp_path / SERVING_FILE) == version
    assert before[0] == "first"
    assert before[1][0][1] > 0


def test_three_predecessors_are_kept_and_nothing_else(tmp_path: Path, parts: Parts) -> None:
    for number in range(6):
        build(tmp_path, parts if number % 2 else {name: [] for name in parts}, f"v{number}")
    names = [SERVING_FILE, *(f"{SERVING_FILE}.{n}" for n in (1, 2, 3))]
    assert [version_of(tmp_path / name) for name in names] == ["v5", "v4", "v3", "v2"]
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")) == names


def test_the_old_file_can_be_opened_while_the_new_one_is_built(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, parts, "old")
    seen = []
    fill = serving._fill

    def filling(*arguments: Any) -> None:
        seen.append(served_version(tmp_path))
        fill(*arguments)

    monkeypatch.setattr(serving, "_fill", filling)
    build(tmp_path, parts, "new")
    assert seen == ["old"] * len(MARTS)
    assert served_version(tmp_path) == "new"


def test_a_build_that_fails_changes_nothing_and_leaves_nothing(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, parts, "old")
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(duckdb.IOException):
        build(tmp_path, {**parts, MARTS[-1].name: [tmp_path / "gone.parquet"]}, "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert served_version(tmp_path) == "old"


def test_what_killed_builds_left_is_taken_away(tmp_path: Path, parts: Parts) -> None:
    build(tmp_path, parts, "v0")
    for left in (".authority.duckdb.aside", ".authority.duckdb.aside.wal"):
        (tmp_path / left).write_bytes(b"half" * 1000)
    build(tmp_path, parts, "v1")
    assert not list(tmp_path.glob("*.aside*"))
    assert served_version(tmp_path) == "v1"


def test_a_build_killed_after_it_kept_its_predecessor_does_not_cost_another_one(tmp_path: Path, parts: Parts) -> None:
    for number in range(4):
        build(tmp_path, parts, f"v{number}")
    serving._keep_predecessors(tmp_path)  # and then it was killed
    build(tmp_path, parts, "v4")
    assert [version_of(tmp_path / f"{SERVING_FILE}.{n}") for n in (1, 2, 3)] == ["v3", "v2", "v1"]


def test_the_file_is_of_a_storage_version_that_older_readers_open(tmp_path: Path, parts: Parts) -> None:
    path = build(tmp_path, parts, "v")
    with duckdb.connect(str(path), read_only=True) as connection:
        (tags,) = connection.execute("select tags from duckdb_databases() where path = ?", [str(path)]).fetchall()[0]
    assert tags["storage_version"].startswith("v1.2.0")
    # https://duckdb.org/docs/stable/internals/storage: checksum, magic bytes, version (64 up to 1.1, 65 at 1.2).
    assert path.read_bytes()[8:12] == b"DUCK"
    assert int.from_bytes(path.read_bytes()[12:20], "little") <= 65


def test_every_mart_is_there_with_its_columns_types_comments_and_all_rows_of_the_lake(built_lake: Path) -> None:
    lake = Lake.open(built_lake)
    with duckdb.connect(str(lake.serving / SERVING_FILE), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        assert {name for name, _ in tables} == {m.name for m in MARTS}
        assert all(comment for _, comment in tables)
        for mart in MARTS:
            columns = connection.execute(
                "select column_name, data_type, is_nullable, comment from duckdb_columns() "
                "where schema_name = 'main' and table_name = ? order by column_index",
                [mart.name],
            ).fetchall()
            assert columns == [(c.name, sql_type(c.type), c.nullable, c.meaning) for c in mart.columns]
            names = ", ".join(c.name for c in mart.columns)
            published = select_files(mart, [lake.path(f) for f in _mart(lake.snapshot(), mart.name)])
            for one, other in ((f"select {names} from {mart.name}", published), (published, f"from {mart.name}")):
                assert connection.execute(f"select count(*) from ({one} except all ({other}))").fetchall() == [(0,)]


# -------------------------------------------------------------------- from the lake


def serving_file(lake: Path) -> Path:
    return lake / "serving" / SERVING_FILE


def run_build_marts(lake: Path) -> None:
    code, _, err = linklake("run", "build_marts", "--crawl-id", CRAWL_ID, "--lake", lake, "--memory", MEMORY)
    assert code == 0, err


@pytest.mark.parametrize("harm", [*DAMAGES, "empty", "garbage", "another_database"])
def test_a_serving_file_that_is_lost_or_harmed_is_made_again(
    harm: str, built_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(built_lake)
    path = serving_file(lake)
    expected = version_of(path)
    if harm == "bit_flip":
        path.write_bytes(b"\x01" + path.read_bytes()[1:])
    elif harm == "another_database":
        path.unlink()
        duckdb.connect(str(path)).close()
    elif harm in ("empty", "garbage"):
        path.write_bytes(b"" if harm == "empty" else b"no database " * 1000)
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        damage(path, harm)
    run_build_marts(lake)
    assert version_of(path) == expected
    assert not Path(f"{path}.1").exists(), "what cannot be read is no predecessor"


def test_killed_between_commit_and_swap_the_next_build_swaps(
    lakes_before_stages: dict[str, Path], copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(lakes_before_stages["build_marts"])
    words = ["run", "build_marts", "--crawl-id", CRAWL_ID, "--lake", lake, "--memory", MEMORY]
    with Killable(words, kill_at="after_commit") as process:
        process.ended()
    assert not serving_file(lake).exists()
    assert Lake.open(lake).snapshot().find("domains", CRAWL_ID)
    code, out, err = linklake("build", "--lake", lake, "--memory", MEMORY)
    assert code == 0, err
    assert '"outcome": "unchanged"' in out.splitlines()[-1]
    assert f"domains@{Lake.open(lake).snapshot().number}" in version_of(serving_file(lake))
    assert f"at version {Lake.open(lake).snapshot().number};" in (lake / "serving" / "lake.sql").read_text()


def test_two_builds_at_once_leave_one_sound_file(built_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(built_lake)
    expected = version_of(serving_file(lake))
    for path in (lake / "serving").iterdir():
        path.unlink()
    running = [Killable(["build", "--lake", lake, "--memory", MEMORY]) for _ in range(2)]
    for process in running:
        with process:
            said = process.ended(seconds=120)
        assert process.returncode == 0, said
    assert version_of(serving_file(lake)) == expected
    assert sorted(p.name for p in (lake / "serving").iterdir()) == [".authority.duckdb.lock", SERVING_FILE, "lake.sql"]


def test_whoever_builds_last_serves_the_newest_marts_not_those_it_began_with(
    built_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    """The lake goes on while a builder waits for another: it reads the lake only when its turn has come."""
    lake = Lake.open(copy_of(built_lake))
    context = multiprocessing.get_context("spawn")
    with sole_builder(lake.serving):
        waiting = context.Process(target=_refresh, args=(str(lake.root),))
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
        republish(lake.root, "domains", CRAWL_ID)
    waiting.join(60)
    assert waiting.exitcode == 0
    assert f"domains@{lake.snapshot().number}" in version_of(lake.serving / SERVING_FILE)


def _refresh(root: str) -> None:
    refresh_serving(Lake.open(Path(root)), SETTINGS)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_mart_is_not_served_and_what_is_served_stays(
    how: str, built_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = Lake.open(copy_of(built_lake))
    republish(lake.root, "domains", CRAWL_ID)
    expected = version_of(lake.serving / SERVING_FILE)
    damage(lake.path(_mart(lake.snapshot(), "backlinks")[0]), how)
    with pytest.raises(DamagedFile, match="backlinks/tiny is "):
        refresh_serving(lake, SETTINGS)
    assert version_of(lake.serving / SERVING_FILE) == expected
    words = ("run", "build_marts", "--crawl-id", CRAWL_ID, "--lake", lake.root, "--memory", MEMORY)
    code, out, err = linklake(*words)
    assert code == 1
    assert "Traceback" not in err
    assert DAMAGES[how] in out


def test_a_lake_without_marts_serves_nothing(lakes_before_stages: dict[str, Path]) -> None:
    lake = Lake.open(lakes_before_stages["build_marts"])
    refresh_serving(lake, SETTINGS)
    assert not serving_file(lake.root).exists()
