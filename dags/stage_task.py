"""A linklake command as an Airflow task: its receipt is the task's XCom, however it ends.

The one file that knows BashOperator. What it needs from the worker's environment:

- ``LINKLAKE_COMMAND``: how to start linklake, a shell prefix of one or more words (default ``linklake``):
  a path into a venv, ``docker run --rm -v /data:/data -e LINKLAKE_LAKE -e AIRFLOW_CTX_DAG_ID linklake``, …
- ``LINKLAKE_LAKE``: the lake, an absolute path; and any other ``LINKLAKE_*`` setting.
- ``LINKLAKE_SEEDS``: a file of seeds for scheduled crawls, if any.
- ``LINKLAKE_ARCHIVES``: the folder in which sets of web archives arrive, if any.

Values that people type reach bash through the environment and are only ever expanded inside double quotes: a param
can hold quotes, ``$(…)`` or ``{{ … }}`` and stays text.
"""

import json
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from airflow.providers.standard.hooks.subprocess import SubprocessHook, SubprocessResult
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, BaseNotifier, Context, Param, TaskGroup, chain, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

MISUSE: Final = 2
"""Exit code of a call that is wrong in itself: trying again would not help."""

NO_INPUT: Final = 99
"""Exit code where there is by nature nothing to do: the task is skipped."""

RETRIES: Final = {
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}
"""For tasks that do work. Gates have none: the same rows would be stopped again."""

_CRAWL_ID: Final = r"^(?=[0-9.-]*[a-z])[a-z0-9][a-z0-9.-]{0,62}$(?!\n)"
"""What linklake takes for a crawl id, in words that Python and a browser read alike."""

_START: Final = """\
linklake_command() { eval "${LINKLAKE_COMMAND:-linklake}"' "$@"' 2>&1 | receipt_last; return "${PIPESTATUS[0]}"; }
receipt_last() {
  local line last= receipt=
  trap '' INT TERM
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\\n' "$line"
    last=$line
    case $line in '{"stage": '*'"outcome": '*) receipt=$line ;; esac
  done
  [ -z "$receipt" ] || [ "$last" = "$receipt" ] || printf '%s\\n' "$receipt"
}
"""
"""Runs the command, and says its receipt again where something was said after it (a wrapper, a warning at exit).
A stopped task goes on listening to the last words of its command."""


def receipt_of(line: str, exit_code: int = 0) -> dict[str, Any]:
    """The receipt that a command prints as its last line; any other last line (misuse, a crash) as its message."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if isinstance(said, dict) and "outcome" in said:
        return said
    if exit_code in (0, MISUSE, NO_INPUT):
        return {"outcome": "unknown", "message": line}
    number = exit_code - 128 if exit_code > 128 else -exit_code
    how = f"killed by signal {number}" if number > 0 else f"failed with exit code {exit_code}"
    return {"outcome": "unknown", "message": f"{how} and left no receipt; its last line was: {line}"}


class TellNextCommand(BaseNotifier):
    """Ends the log of a failed task with what happened and the command that goes on from there."""

    def notify(self, context: Context) -> None:
        instance = context["ti"]
        receipt = instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index) or {}
        crawl_id = receipt.get("crawl_id")
        for_crawl = f" for crawl {crawl_id}" if crawl_id else ""
        message = receipt.get("message") or context.get("exception") or "it left no receipt: see the lines above"
        if others := self._other_versions(instance, receipt):
            self.log.error("workers differ: linklake %s here, %s before", receipt["code_version"], ", ".join(others))
        self.log.error("%s %s%s: %s", instance.task_id, receipt.get("outcome", "failed"), for_crawl, message)
        self.log.error("next: %s (docs/runbook.md explains each message)", receipt.get("next") or "linklake status")

    @staticmethod
    def _other_versions(instance: Any, receipt: dict[str, Any]) -> list[str]:
        """Versions of linklake that built what this task read, other than its own."""
        pulled = instance.xcom_pull(task_ids=sorted(instance.task.upstream_task_ids)) or []
        versions = {said.get("code_version") for said in pulled if isinstance(said, dict)}
        return sorted(versions - {None, receipt.get("code_version")}) if receipt.get("code_version") else []


NOTIFIERS: Final = (TellNextCommand(),)
"""Who is told of a failed task. Add a notifier of a provider here (SmtpNotifier, SlackNotifier, …)."""

DEFAULT_ARGS: Final = {"owner": "linklake", "on_failure_callback": list(NOTIFIERS)}


class _Ear(SubprocessHook):
    """Remembers how the command ended: BashOperator drops the last line of one that failed."""

    ended: SubprocessResult | None = None

    def run_command(self, *args: Any, **kwargs: Any) -> SubprocessResult:
        self.ended = super().run_command(*args, **kwargs)
        return self.ended


class LinklakeCommand(BashOperator):
    """Runs ``linklake <arguments>``, a line of bash that takes its values from ``env`` as ``"$NAME"``.

    The events of its outlets say which crawl and which version of the lake.
    """

    def __init__(self, *, arguments: str, before: str = "", **kwargs: Any) -> None:
        command = f"{_START}{before}linklake_command {arguments}\n"
        super().__init__(bash_command=command, append_env=True, output_processor=receipt_of, **kwargs)

    @cached_property
    def subprocess_hook(self) -> _Ear:
        """The hook that runs the command."""
        return _Ear()

    def execute(self, context: Context) -> dict[str, Any]:
        """Run it; returns the receipt."""
        try:
            receipt: dict[str, Any] = super().execute(context)
        except AirflowException as error:
            self._keep_receipt(context, error)
            raise
        for outlet in self.outlets:
            extra = {name: receipt.get(name) for name in ("crawl_id", "commit")}
            context["outlet_events"][outlet].extra = extra
        return receipt

    def _keep_receipt(self, context: Context, error: AirflowException) -> None:
        ended = self.subprocess_hook.ended
        if ended is None:
            return
        receipt = receipt_of(ended.output, ended.exit_code)
        context["ti"].xcom_push(key="return_value", value=receipt)
        if ended.exit_code == MISUSE:
            raise AirflowFailException(f"not tried again: {receipt['message']}") from error


class MoreCrawls(LinklakeCommand):
    """Sends its event while crawls wait, else skips itself: the DAG wakes itself exactly as often as it has to.

    It does so too when one of ``gates`` stopped the run's crawl, which must not hold the others; but never for that
    crawl, which waits for a person. A run that failed otherwise is left as it is.
    """

    def __init__(self, *, gates: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gates = list(gates)

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask for the next crawl; returns the receipt."""
        ends = self._ends(context) if self.gates else []
        stopped = [receipt["crawl_id"] for receipt in ends if receipt["outcome"] == "stopped"]
        if not stopped and len(ends) < len(self.gates):
            raise AirflowSkipException("a task before this one failed or was skipped")
        receipt = super().execute(context)
        if receipt["outcome"] != "pending" or receipt["crawl_id"] in stopped:
            context["ti"].xcom_push(key="return_value", value=receipt)
            raise AirflowSkipException("no other crawl waits")
        return receipt

    def _ends(self, context: Context) -> list[dict[str, Any]]:
        """The receipts of gates that let something through, or stopped it."""
        said = context["ti"].xcom_pull(task_ids=self.gates) or []
        return [receipt for receipt in said if receipt and receipt["outcome"] in ("built", "unchanged", "stopped")]


# -------------------------------------------------------------------- what DAG files are made of


def asset(dataset: str) -> Asset:
    """The Asset of a dataset; its events carry ``crawl_id`` and ``commit``."""
    return Asset(name=dataset, uri=f"linklake://{dataset}")


def crawl_id_param(meaning: str) -> Param:
    """A crawl id in the trigger form, empty unless typed."""
    return Param(None, meaning, type=["null", "string"], pattern=_CRAWL_ID, title="crawl_id")


def next_crawl(*stages: str) -> LinklakeCommand:
    """Choose the crawl of this run: the param, else the first in the lake's order that is not up to date at one of
    those stages, else the newest (everything then answers "unchanged"). See docs/adr/0006."""
    return LinklakeCommand(
        task_id="next_crawl",
        arguments=f'next {" ".join(stages)} ${{CRAWL_ID:+"--crawl-id=$CRAWL_ID"}}',
        env={"CRAWL_ID": "{{ params.crawl_id or '' }}"},
        **RETRIES,
    )


_CHOSEN_CRAWL: Final = "{{ ti.xcom_pull(task_ids='next_crawl')['crawl_id'] }}"


def stage_task(
    stage: str, *, publishes: Asset | None = None, crawl_id: str = _CHOSEN_CRAWL, after: str = "all_success"
) -> TaskGroup:
    """Build a stage for the run's crawl without publishing, then audit and publish it: ``run --no-publish >> gate``.

    ``after`` is the trigger rule of the first.
    """
    env = {"CRAWL_ID": crawl_id}
    with TaskGroup(stage) as group:
        run = LinklakeCommand(
            task_id="run",
            arguments=f'run {stage} --crawl-id="$CRAWL_ID" --no-publish',
            env=env,
            trigger_rule=after,
            **RETRIES,
        )
        gate = LinklakeCommand(
            task_id="gate",
            arguments=f'gate {stage} --crawl-id="$CRAWL_ID"',
            env=env,
            retries=0,
            outlets=[publishes] if publishes else [],
        )
        chain(run, gate)
    return group


def more_crawls(*stages: str, wakes: Asset) -> LinklakeCommand:
    """Wake the DAG again while crawls wait for one of those stages (any stage, when none is named); else skip.

    After stages it is a teardown: it comes last whatever happened, and the state of the run is that of the gates.
    """
    look = MoreCrawls(
        task_id="more_crawls",
        arguments=f"next {' '.join(stages)}",
        gates=[f"{stage}.gate" for stage in stages],
        outlets=[wakes],
        **RETRIES,
    )
    return look.as_teardown() if stages else look


def linklake_status() -> LinklakeCommand:
    """Everything staged, published and failed, into the log; fails when something failed."""
    return LinklakeCommand(task_id="status", arguments="status", retries=0)


# -------------------------------------------------------------------- observing

_TIME_OF_RUN: Final = "%Y%m%dt%H%M%Sz-%f"
_NEW_CRAWL: Final = f"{{{{ params.crawl_id or dag_run.run_after.strftime('{_TIME_OF_RUN}') }}}}"
"""One crawl id for all attempts of a run: a retry carries the broken crawl on."""

_CHOOSE_SEEDS: Final = """\
if [ -n "$DEMO" ]; then set -- --demo
elif [ -n "$SEEDS" ]; then mapfile -t seeds <<< "$SEEDS"; set -- -- "${seeds[@]}"
elif [ -n "${LINKLAKE_SEEDS:-}" ]; then set -- --seeds="$LINKLAKE_SEEDS"
else echo "no seeds: trigger with the param seeds, or give the worker LINKLAKE_SEEDS, a file of seeds"; exit 99
fi
"""


def crawl_params() -> dict[str, Param]:
    """The trigger form of a crawl."""
    url = {"type": "string", "pattern": r"^https?://[^\s]+$(?!\n)"}
    return {
        "crawl_id": crawl_id_param("Name of the crawl; from the time of the run unless given."),
        "seeds": Param([], "URLs to start from, one a line.", type="array", items=url, maxItems=1000),
        "pages": Param(None, "Pages to fetch at most.", type=["null", "integer"], minimum=1),
        "demo": Param(False, "Crawl the built-in web on loopback instead.", type="boolean"),
    }


def crawl_task(*, publishes: Asset) -> LinklakeCommand:
    """Crawl, settle, gate and publish."""
    return LinklakeCommand(
        task_id="crawl",
        before=_CHOOSE_SEEDS,
        arguments='crawl --crawl-id="$CRAWL_ID" ${PAGES:+"--pages=$PAGES"} "$@"',
        env={
            "CRAWL_ID": _NEW_CRAWL,
            "SEEDS": "{{ params.seeds | join('\\n') }}",
            "PAGES": "{{ params.pages or '' }}",
            "DEMO": "{{ 'yes' if params.demo else '' }}",
        },
        outlets=[publishes],
        **RETRIES,
    )


def archive_params() -> dict[str, Param]:
    """The trigger form of an ingestion."""
    # 1,000 paths of 100 characters fit into one variable of the environment (128 KiB on Linux).
    paths = {
        "type": "array",
        "items": {"type": "string", "pattern": r"^[^\n\r\x00]+$(?!\n)"},
        "minItems": 1,
        "maxItems": 1000,
    }
    path: dict[str, Any] = {"type": ["null", "string"], "pattern": r"^/[^\n\r\x00]+$(?!\n)"}
    place: dict[str, Any] = {"type": ["null", "string"], "pattern": r"^(/|s3://|https?://)[^\n\r\x00]+$(?!\n)"}
    return {
        "archive_sets": Param(
            None,
            'Archives by crawl id, such as {"2026-11-20-news": ["/data/a.warc.gz"]}. '
            "Without it and without paths: the folders of LINKLAKE_ARCHIVES whose names begin with the day of the run.",
            type=["null", "object"],
            patternProperties={_CRAWL_ID: paths},
            additionalProperties=False,
        ),
        "paths": Param(None, "A path list, plain or gzip, such as Common Crawl's wat.paths.gz.", **place),
        "prefix": Param(
            None, "What comes before each line of it that is no URL: a folder, s3:// or https://.", **place
        ),
        "shards": Param(4, "How many tasks share the path list.", type="integer", minimum=1, maximum=256),
        "targets": Param(None, "A file of domains, hosts and URL prefixes: only links to these are kept.", **path),
        "crawl_id": crawl_id_param("Name of the crawl of the path list; from the time of the run unless given."),
    }


@task
def archive_sets(**context: Any) -> list[dict[str, str]]:
    """The archive sets of this run, each as the environment of its ingestion."""
    given, run = context["params"]["archive_sets"], context["dag_run"]
    if given is None and context["params"]["paths"]:
        return []
    sets = given if given is not None else sets_that_arrived(run.logical_date or run.run_after)
    return [{"CRAWL_ID": crawl_id, "ARCHIVES": "\n".join(paths)} for crawl_id, paths in sorted(sets.items())]


def sets_that_arrived(day: Any) -> dict[str, list[str]]:
    """The archives in each folder of ``LINKLAKE_ARCHIVES`` that is named by a crawl id beginning with that day."""
    if not os.environ.get("LINKLAKE_ARCHIVES"):
        print("no archives: trigger with the param archive_sets, or give the worker LINKLAKE_ARCHIVES, a folder")
        return {}
    inbox = Path(os.environ["LINKLAKE_ARCHIVES"])
    if not inbox.is_dir():
        raise AirflowException(f"LINKLAKE_ARCHIVES names {inbox}, which is no folder on this worker: mount it")
    starts = (f"{day:%Y-%m-%d}", f"{day:%Y%m%d}")
    folders = [f for f in inbox.iterdir() if f.is_dir() and f.name.startswith(starts) and re.search(_CRAWL_ID, f.name)]
    found = {f.name: sorted(str(p) for p in f.iterdir() if p.is_file()) for f in folders}
    print(f"{len(found)} sets of {starts[0]} in {inbox}")
    return {name: paths for name, paths in found.items() if paths}


def ingest_tasks(sets: Any, *, publishes: Asset) -> Any:
    """Ingest, settle, gate and publish each set as a crawl of its own."""
    return LinklakeCommand.partial(
        task_id="ingest",
        before='mapfile -t archives <<< "$ARCHIVES"\n',
        arguments='ingest --crawl-id="$CRAWL_ID" -- "${archives[@]}"',
        outlets=[publishes],
        map_index_template="{{ task.env['CRAWL_ID'] }}",
        max_active_tis_per_dagrun=2,
        **RETRIES,
    ).expand(env=sets)


@task
def path_shards(**context: Any) -> list[dict[str, str]]:
    """The shards of the run's path list, each as the environment of its ingestion; none without a list."""
    params, run = context["params"], context["dag_run"]
    if not params["paths"]:
        return []
    names = {name.upper(): params[name] or "" for name in ("paths", "prefix", "targets")}
    names["CRAWL_ID"] = params["crawl_id"] or run.run_after.strftime(_TIME_OF_RUN)
    of = params["shards"]
    return [{**names, "SHARD": f"{number}/{of}"} for number in range(1, of + 1)]


def ingest_shards(shards: Any, *, publishes: Asset) -> None:
    """Read every shard of the path list in a task of its own, then settle, gate and publish them as one crawl, once.

    A shard without an archive is skipped; one that failed holds the crawl until it is cleared.
    """
    read = LinklakeCommand.partial(
        task_id="ingest_shard",
        arguments='ingest --crawl-id="$CRAWL_ID" --shard="$SHARD" --paths="$PATHS" ${PREFIX:+"--prefix=$PREFIX"} '
        '${TARGETS:+"--targets=$TARGETS"}',
        map_index_template="{{ task.env['SHARD'] }}",
        **RETRIES,
    ).expand(env=shards)
    crawl_id = "{{ ti.xcom_pull(task_ids='path_shards')[0]['CRAWL_ID'] }}"
    settle = stage_task("settle_crawl", publishes=publishes, crawl_id=crawl_id, after="none_failed_min_one_success")
    chain(read, settle)
