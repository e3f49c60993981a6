"""Whatever a lake is called, everything works in it, or it is refused before anything is done."""

import shlex
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.linklake.calls import call
from tests.linklake.test_status import next_commands
from tests.small_lake import damage


@pytest.mark.parametrize("name", ["a:b", 'it\'s 50% "off" #1', "né \\ ~;$(x)&{a,b}\t="])
def test_a_lake_of_any_other_name_builds_serves_answers_and_is_mended(
    name: str, built_lake: Path, tmp_path: Path
) -> None:
    shutil.copytree(built_lake, tmp_path / name)
    shutil.copytree(built_lake, tmp_path / "neighbour")
    rows = call("sql", "select count(*) as n from links", "--format", "json", "--lake", built_lake).rows
    damage(next((tmp_path / name / "domain_ranks").rglob("*.parquet")), "missing")
    lake = ["--lake", name]
    looked = call("status", *lake, folder=tmp_path)
    assert looked.code == 1
    (command,) = next_commands(looked.out)
    assert call(*command, folder=tmp_path).code == 0
    built = call("build", *lake, folder=tmp_path)
    assert built.code == 0, built.err
    for words in (["verify"], ["housekeeping"], ["status"], shlex.split(built.receipt["next"])[1:]):
        ended = call(*words, *(lake if "--lake" not in words else []), folder=tmp_path)
        assert ended.code == 0, ended.merged
    assert call("sql", "select count(*) as n from links", "--format", "json", *lake, folder=tmp_path).rows == rows
    serving = tmp_path / name / "serving"
    with duckdb.connect(str(serving / "authority.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from domains").fetchone() == (True,)
    with duckdb.connect() as connection:
        connection.execute((serving / "lake.sql").read_text(encoding="utf-8"))
        assert connection.execute("select count(*) from links").fetchone() == (rows[0]["n"],)


@pytest.mark.parametrize("name", ["what?", "a*", "la[k]e", "what?/lake"])
def test_a_path_that_engines_read_as_a_pattern_is_refused_before_anything_is_made(name: str, tmp_path: Path) -> None:
    for words in (["demo"], ["status"], ["ingest", "a.warc.gz"]):
        ended = call(*words, "--lake", name, folder=tmp_path)
        assert (ended.code, len(ended.err.splitlines())) == (2, 1)
        assert "holds one of * ? [, which engines read as patterns: move or rename it" in ended.err
    assert not list(tmp_path.iterdir())


def test_so_is_a_folder_above_it_and_one_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "a*").mkdir()
    assert call("status", folder=tmp_path / "a*").code == 2
    assert call("stages", folder=tmp_path / "a*").code == 0, "what needs no lake asks for none"
    (tmp_path / "link").symlink_to(tmp_path / "a*")
    assert call("status", "--lake", "link", folder=tmp_path).code == 2
