"""What several rooms of tests share: real inputs where they lie beside the project, and lakes of the tiny web."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.lake import Lake
from tests import second_judge
from tests.tiny_lake import build_stages, crawl_tiny_web

REPOSITORY = Path(__file__).parents[1]
MEMORY_DISK = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""What the lakes of a whole run need, with room to spare."""


def pytest_configure() -> None:
    """Lakes of tests lie in memory where there is room: half of a small build is waiting for the disk (fsync).

    A shell has what it starts in the background ignore SIGINT, and so would the commands that tests interrupt.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


@pytest.fixture(scope="session", autouse=True)
def quick_judge() -> Iterator[None]:
    """Gates ask a quick stand-in for Great Expectations, but in tests marked ``great_expectations``."""
    with second_judge.replaced():
        yield


@pytest.fixture(autouse=True)
def real_judge(request: pytest.FixtureRequest) -> Iterator[None]:
    """The real second judge, for tests marked ``great_expectations``."""
    if request.node.get_closest_marker("great_expectations"):
        with second_judge.restored():
            yield
    else:
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pages, archives and graphs beside the project; the test is skipped where there is none."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real inputs: ../shared/data does not exist")
    return folder


@pytest.fixture(scope="session")
def observed_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with one crawl of the tiny web, observed and not settled: copy it, don't change it."""
    root = tmp_path_factory.mktemp("observed") / "lake"
    crawl_tiny_web(root)
    return root


@pytest.fixture(scope="session")
def lakes_before_stages(observed_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For every stage, a lake in which all before it is published; ``""`` is the lake with everything built."""
    return build_stages(observed_lake, tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="session")
def built_lake(lakes_before_stages: dict[str, Path]) -> Iterator[Path]:
    """A lake with everything built from one crawl of the tiny web: read it, don't change it."""
    root = lakes_before_stages[""]
    version = Lake.open(root).snapshot().number
    yield root
    assert Lake.open(root).snapshot().number == version, "a test wrote to the lake that all tests read"


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a lake to where the test may change it."""

    def copy(lake: Path) -> Path:
        target = tmp_path / f"{lake.name}-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(lake, target)
        return target

    return copy
