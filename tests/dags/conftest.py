"""An Airflow of the tests' own: its home is a temporary folder, its bundle the repository."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.dags.commands import LANDED, LINKLAKE, REPOSITORY, linklake

if find_spec("airflow"):  # it reads its settings when it is imported first
    home = tempfile.mkdtemp(prefix="linklake-airflow-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    bundle = {
        "name": "linklake",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(REPOSITORY)},
    }
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
    }


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """The tables of Airflow, in the temporary home."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def landed_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which two crawls landed and nothing is built: copy it, don't change it."""
    root = tmp_path_factory.mktemp("landed") / "lake"
    for crawl_id in LANDED:
        linklake("crawl", "--demo", "--crawl-id", crawl_id, "--lake", root)
    return root


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lake of a test will be; tasks and commands find it in the environment."""
    monkeypatch.setenv("LINKLAKE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("LINKLAKE_COMMAND", f"'{LINKLAKE}'")
    return tmp_path / "lake"


@pytest.fixture
def landed(lake: Path, landed_lake: Path) -> Path:
    """A lake of the test's own with two crawls that wait to be refined."""
    return Path(shutil.copytree(landed_lake, lake))
