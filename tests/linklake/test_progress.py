"""Long work says how far it is: a line that renews itself on a terminal, one now and then elsewhere."""

import io
import sys
import time

import pytest

from linklake.progress import Progress


class Screen(io.StringIO):
    """What stderr is."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_names_records_share_and_speed(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    screen, at = Screen(is_terminal=is_terminal), 0.0
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(time, "monotonic", lambda: at)
    with Progress("ingest", 4_000_000_000) as progress:
        for at in (0.1, 1.0, 10.0, 31.0, 40.0):
            progress.show(int(at * 100), int(at * 5e6), 1_000_000_000)
    said = screen.getvalue()
    if is_terminal:
        lines = said.split("\r")
        assert lines[0] == ""
        assert [line.partition(" (")[0] for line in lines[1:-1]] == [
            f"ingest: {n:,} records, {mb} MB" for n, mb in ((100, 5), (1_000, 50), (3_100, 155), (4_000, 200))
        ]
        assert lines[1] == "ingest: 100 records, 5 MB (0 %), 5.0 MB/s\x1b[K"
        assert lines[-1] == "\x1b[K", "gone in the end"
        assert "\n" not in said
    else:
        assert said == "ingest: 3,100 records, 155 MB (15 %), 5.0 MB/s\n"
