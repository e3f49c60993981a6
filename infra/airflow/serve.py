"""Run a whole Airflow for one person on loopback, and leave no process behind: what `make airflow` starts.

Every part listens on 127.0.0.1 only, keeps its state in one folder, and reads none of the settings of another Airflow
that may live on this machine. Standard library only.
"""

import argparse
import base64
import ctypes
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LOOPBACK: Final = "127.0.0.1"
PARTS: Final = {
    "api-server": ["api-server", "--host", LOOPBACK],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
"""Without --skip-serve-logs ports 8793 and 8794 would listen on every interface."""

READY_SECONDS: Final = 300
TASK_SECONDS: Final = 2
STOP_SECONDS: Final = 7
"""How long parts may wait for their tasks before those are told to end too, and until whatever is left is killed.
Nothing is lost: Airflow tries a task again that has stopped to answer, and linklake carries on what it had begun."""

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36


def main() -> int:
    """Start every part, say when it answers, wait for Ctrl-C (or TERM, HUP), stop every part and its offspring."""
    given = _arguments()
    home = given.home.resolve()
    if _is_taken(given.port):
        print(f"port {given.port} of {LOOPBACK} is taken: stop what listens there, or choose AIRFLOW_PORT=8081")
        return 1
    started = time.monotonic()
    environment = settings(home, given.port)
    _adopt_orphans()
    stopper = _Stopper()
    parts: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _migrate(home, environment)
        for name, words in PARTS.items():
            parts[name] = _start(name, words, home, environment, group=next(iter(parts.values())).pid if parts else 0)
        if _wait_until_ready(given.port, parts, stopper):
            _say_ready(given.port, home, environment, time.monotonic() - started)
        while not stopper.is_asked and not _ended(parts):
            time.sleep(0.3)
        return _tell_ended(home, parts) if not stopper.is_asked else 0
    except subprocess.CalledProcessError as error:
        print(f"airflow db migrate failed ({error.returncode}): see {home}/logs/db.log")
        return 1
    finally:
        _stop(parts)


def settings(home: Path, port: int) -> dict[str, str]:
    """The environment of every part; secrets are made once and kept, readable by their owner alone."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "logs").mkdir(exist_ok=True)
    kept = _kept_secrets(home)
    bundle = {
        "name": "linklake",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(ROOT)},
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "PYTHON"))}
    lake = Path(inherited.get("LINKLAKE_LAKE", ROOT / "demo-lake"))
    return inherited | {
        "LINKLAKE_COMMAND": inherited.get("LINKLAKE_COMMAND", f"'{ROOT}/.venv/bin/linklake'"),
        "LINKLAKE_LAKE": str(lake.absolute()),
        "PATH": f"{Path(sys.executable).parent}:{inherited.get('PATH', '/usr/bin:/bin')}",
        "PYTHONUNBUFFERED": "1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": f"http://{LOOPBACK}:{port}",
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": kept["secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt_secret"],
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{LOOPBACK}:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet_key"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # No longer timeout than sqlite's five seconds: the API server can wait for itself, and stands still that long.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        # One person waits for one chain of short tasks: the default is a second between two of them.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        # The scheduler may start a task before the API answers.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "12",
    }


def password(home: Path) -> str:
    """The password of the user admin."""
    return str(json.loads(_password_file(home).read_text(encoding="utf-8"))["admin"])


# -------------------------------------------------------------------- starting


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, default=ROOT / ".airflow", help="folder of its state")
    parser.add_argument("--port", type=int, default=8080, help="port on loopback")
    return parser.parse_args()


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def _password_file(home: Path) -> Path:
    return home / "simple_auth_manager_passwords.json.generated"


def _kept_secrets(home: Path) -> dict[str, str]:
    path = home / "secrets.json"
    if not path.exists():
        fresh = {
            "secret_key": secrets.token_hex(32),
            "jwt_secret": secrets.token_hex(32),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        _write_privately(_password_file(home), json.dumps({"admin": secrets.token_urlsafe(12)}))
        _write_privately(path, json.dumps(fresh))
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _write_privately(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")


def _migrate(home: Path, environment: dict[str, str]) -> None:
    with (home / "logs" / "db.log").open("wb") as log:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, env=environment, cwd=home, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=True)
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        database.execute("pragma journal_mode = wal")  # who reads is not in the way of who writes; kept in the file


def _start(
    name: str, words: list[str], home: Path, environment: dict[str, str], *, group: int
) -> subprocess.Popen[bytes]:
    """Start a part in the common process group (its own becomes that group when ``group`` is 0)."""
    with (home / "logs" / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *words],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=group,
            preexec_fn=_end_with_parent,
        )


def _wait_until_ready(port: int, parts: dict[str, subprocess.Popen[bytes]], stopper: "_Stopper") -> bool:
    patience = time.monotonic() + READY_SECONDS
    while time.monotonic() < patience and not stopper.is_asked and not _ended(parts):
        if _is_healthy(port):
            return True
        time.sleep(0.5)
    return False


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _say_ready(port: int, home: Path, environment: dict[str, str], seconds: float) -> None:
    print(
        f"""Airflow answers after {seconds:.0f} s: http://{LOOPBACK}:{port}
  user admin, password {password(home)}
  lake {environment["LINKLAKE_LAKE"]} (LINKLAKE_LAKE chooses another)
  the DAGs are paused; `make airflow-demo` in another shell unpauses them and runs the demo chain
  logs of its parts: {home}/logs    Ctrl-C stops everything""",
        flush=True,
    )


# -------------------------------------------------------------------- stopping


class _Stopper:
    """Remembers that somebody asked to stop."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True


def _ended(parts: dict[str, subprocess.Popen[bytes]]) -> list[str]:
    return [name for name, process in parts.items() if process.poll() is not None]


def _tell_ended(home: Path, parts: dict[str, subprocess.Popen[bytes]]) -> int:
    for name in _ended(parts):
        log = home / "logs" / f"{name}.log"
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        print(f"{name} ended by itself ({parts[name].returncode}); the end of {log}:", *tail, sep="\n  ", flush=True)
    return 1


def _stop(parts: dict[str, subprocess.Popen[bytes]]) -> None:
    """TERM to every part, then to every task (they have sessions of their own), then KILL to whatever is left."""
    for process in parts.values():
        if process.poll() is None:
            process.terminate()
    _wait_for_end(parts, seconds=TASK_SECONDS, number=None)
    _wait_for_end(parts, seconds=STOP_SECONDS - TASK_SECONDS, number=signal.SIGTERM)
    _wait_for_end(parts, seconds=5, number=signal.SIGKILL)
    print("Airflow has stopped.", flush=True)


def _wait_for_end(parts: dict[str, subprocess.Popen[bytes]], *, seconds: float, number: signal.Signals | None) -> None:
    """Wait until nothing of ours runs any more; every process is sent that signal once."""
    patience = time.monotonic() + seconds
    told: set[int] = set()
    while (left := set(_offspring())) and time.monotonic() < patience:
        if number is not None:
            for pid in left - told:
                _signal(pid, number)
        told |= left
        time.sleep(0.1)
        _ended(parts)  # polls, so that none stays a zombie
        _reap()


def _offspring() -> Iterator[int]:
    """Every process that descends from this one (Linux; elsewhere none are seen)."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.parent.name, stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if rest[0] != "Z":
            parents[int(pid)] = int(rest[1])
    families = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in families} - families:
        families |= found
        yield from found


def _reap() -> None:
    """Collect orphans that came to us; the parts themselves are collected by their own poll()."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text(errors="replace").rpartition(")")[2].split()
            if rest[0] == "Z" and int(rest[1]) == os.getpid():
                os.waitpid(int(stat.parent.name), os.WNOHANG)
        except (OSError, ValueError):
            continue


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _adopt_orphans() -> None:
    """Processes whose parent dies become ours instead of init's, so that they can be found and stopped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _end_with_parent() -> None:
    """Runs in a part before it starts: TERM when this process is killed, so that even SIGKILL stops the parts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
