"""The few questions that we ask Airflow's REST API, with the standard library alone."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

FINISHED = frozenset({"success", "failed"})


@dataclass(slots=True)
class Airflow:
    """A running Airflow and somebody who may use it."""

    url: str
    password: str
    user: str = "admin"
    _token: str = field(default="", repr=False)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request to /api/v2; returns what the JSON says.

        Raises:
            urllib.error.HTTPError: refused; its text holds what Airflow says.
        """
        if not self._token:
            said = self._send("POST", "/auth/token", {"username": self.user, "password": self.password}, {})
            self._token = said["access_token"]
        return self._send(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json", **headers})
        request.method = method
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise urllib.error.HTTPError(
                error.url, error.code, f"{error.reason}: {error.read().decode(errors='replace')}", error.headers, None
            ) from None
        return json.loads(text) if text else None

    def dags(self) -> dict[str, bool]:
        """Every DAG, and whether it is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self.ask("GET", "/dags?limit=100")["dags"]}

    def pause(self, dag_id: str, *, is_paused: bool) -> None:
        """Pause or unpause a DAG."""
        self.ask("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": is_paused})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Begin a run; returns its id."""
        said = self.ask("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}})
        return str(said["dag_run_id"])

    def runs(self, dag_id: str) -> dict[str, str]:
        """Every run of a DAG, oldest first, with its state."""
        said = self.ask("GET", f"/dags/{dag_id}/dagRuns?order_by=run_after&limit=100")
        return {run["dag_run_id"]: run["state"] for run in said["dag_runs"]}

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}/taskInstances?limit=1000"
        return list(self.ask("GET", path)["task_instances"])

    def receipt(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any]:
        """What a task left behind; empty when it left nothing."""
        path = f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}/taskInstances/{task_id}/xcomEntries/return_value"
        try:
            value = self.ask("GET", f"{path}?map_index={map_index}&deserialize=true")["value"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        said = json.loads(value) if isinstance(value, str) else value
        return said if isinstance(said, dict) else {}

    def has_queued_events(self, dag_id: str) -> bool:
        """Whether events of Assets wait that will begin a run."""
        try:
            return bool(self.ask("GET", f"/dags/{dag_id}/assets/queuedEvents")["total_entries"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise

    def wait_for(self, dag_id: str, run_id: str, *, seconds: float) -> str:
        """Wait until a run has finished; returns its state, whatever it is by then."""
        patience = time.monotonic() + seconds
        while (state := self.runs(dag_id).get(run_id, "gone")) not in FINISHED and time.monotonic() < patience:
            time.sleep(0.5)
        return state


def _quoted(run_id: str) -> str:
    return quote(run_id, safe="")
