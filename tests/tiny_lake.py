"""Lakes of the tiny web for tests: crawled once, built stage by stage, and read back as table hashes."""

import shutil
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from linklake.cli import main
from linklake.config import load, with_values
from linklake.demo.server import DemoServer, seeds
from linklake.observe import CrawlRequest, crawl
from linklake.pipeline import STAGES
from schemas.catalog import DATASETS
from schemas.catalog import dataset as dataset_named
from schemas.lake import Lake
from schemas.render import readable
from transforms.engines.duckdb import DuckDB, Resources

CRAWL_ID = "tiny"
MEMORY = "2GB"


def linklake(*arguments: object) -> tuple[int, str, str]:
    """Run a command in this process: exit code, stdout, stderr."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as exit_:  # argparse
            code = int(exit_.code or 0)
    return code, out.getvalue(), err.getvalue()


def crawl_tiny_web(root: Path, *, crawl_id: str = CRAWL_ID, settle: bool = False) -> None:
    """Crawl the built-in web into a lake; the observation is left unsettled unless asked."""
    settings = load({"memory": MEMORY, "threads": 2}, environment={}, folder=root.parent)
    settings = with_values(settings, contact="https://test.invalid/", delay=0.0)
    lake = Lake.open_or_create(root)
    with DemoServer() as server:
        place = {"*.test": f"{server.address[0]}:{server.address[1]}"}
        crawl(lake, settings, CrawlRequest(seeds(), connect_to=place), crawl_id, settle_it=settle)


def build_stages(observed: Path, folder: Path) -> dict[str, Path]:
    """Copies of the lake before each stage, by stage name; ``""`` is the lake after the last."""
    lakes = {}
    root = folder / "work"
    shutil.copytree(observed, root)
    for stage in STAGES:
        lakes[stage.name] = folder / stage.name
        shutil.copytree(root, lakes[stage.name])
        code, _, err = linklake("run", stage.name, "--crawl-id", CRAWL_ID, "--lake", root, "--memory", MEMORY)
        assert code == 0, err
    lakes[""] = root
    return lakes


def table_hashes(root: Path, names: Iterable[str]) -> dict[str, int]:
    """The table hash of what a reader of each dataset's name sees."""
    lake = Lake.open(root)
    snapshot = lake.snapshot()
    engine = DuckDB(Resources(MEMORY, 2, root.parent / "hash-tmp"))
    hashes = {}
    try:
        for name in names:
            dataset = dataset_named(name)
            paths = [lake.path(f) for p in readable(snapshot, dataset) for f in p.files]
            engine.bind(name, dataset, paths)
            hashes[name] = engine.table_hash(dataset)
    finally:
        engine.close()
    return hashes


def all_table_hashes(root: Path) -> dict[str, int]:
    """The table hash of every dataset."""
    return table_hashes(root, [d.name for d in DATASETS])
