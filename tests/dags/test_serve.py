"""What `make airflow` and `make airflow-demo` say before there is an Airflow; needs none."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.dags.commands import REPOSITORY
from tests.runbook import about


def script(name: str, *words: object) -> tuple[int, str]:
    """Exit code and last line of a script of infra/airflow."""
    command = [sys.executable, str(REPOSITORY / "infra" / "airflow" / name), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()[-1]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = script("serve.py", "--home", tmp_path / "home", "--port", taken.getsockname()[1])
    assert code == 1
    assert about("port … of 127.0.0.1 is taken: stop what listens there, or choose AIRFLOW_PORT=8081", said)
    assert not (tmp_path / "home").exists()


def test_the_demo_without_an_airflow_says_what_to_do(tmp_path: Path) -> None:
    code, said = script("demo.py", "--home", tmp_path / "home", "--port", 9)
    assert code == 1
    assert about("no Airflow answers at … (…): run make airflow first", said)


def test_a_part_that_ends_by_itself_stops_the_others_and_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "import sys, serve\n"
        "serve.PARTS = {'triggerer': ['no-such-part'], 'scheduler': ['no-such-part']}\n"
        "serve._migrate = lambda *_: None\n"
        f"sys.argv = ['serve', '--home', {str(tmp_path)!r}, '--port', '{port}']\n"
        "sys.exit(serve.main())\n"
    )
    folder = REPOSITORY / "infra" / "airflow"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    first, *tail = done.stdout.splitlines()
    assert about("… ended by itself (…); the end of …:", first)
    assert len(tail) > 1
    assert tail[-1] == "Airflow has stopped."
