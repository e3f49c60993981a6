"""Great Expectations validates the profile of an audit: a second judge of the same numbers."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

from transforms.gates import Audit

_SEVERITY = {"stop": "critical", "warn": "warning"}


@dataclass(frozen=True, slots=True)
class Validation:
    """What the checkpoint said: ``broken`` names ``dataset.rule``; ``result`` is its own account, as plain values."""

    version: str
    broken: frozenset[str]
    is_stopped: bool
    result: Mapping[str, Any]


def prepare() -> None:
    """Begin to import Great Expectations beside other work: DuckDB and checksums leave room for it."""
    Thread(target=_load, daemon=True).start()


def _load() -> None:
    # Read once, at the import; without it GX reports usage (great_expectations.analytics.config).
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with suppress(Exception):  # validate meets it again, and says so
        import great_expectations.expectations  # noqa: F401


def validate(audit: Audit) -> Validation:
    """Run a checkpoint over the one-row profile: every rule that was measured is broken 0 times.

    It works in memory: no project, no file, no request, no word to Great Expectations' makers. The import takes some
    3 seconds: only a gate pays for it, and ``prepare`` lets it pay while it waits for DuckDB.
    """
    _load()
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.expectations import ExpectColumnMaxToBeBetween

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    counts = {f"{p.dataset}.{rule}": failed for p in audit.profiles for rule, failed in p.failed.items()}
    expectations = [
        ExpectColumnMaxToBeBetween(
            column=name, max_value=0, description=rule.meaning, severity=_SEVERITY[rule.severity]
        )
        for name, rule in audit.rules.items()
    ]
    # Handed over at once: adding them one by one compares each with all before it.
    suite = context.suites.add(gx.ExpectationSuite(name=audit.stage, expectations=expectations))
    batch = context.data_sources.add_pandas("profiles").add_dataframe_asset(audit.stage)
    definition = gx.ValidationDefinition(
        name=audit.stage, data=batch.add_batch_definition_whole_dataframe("all"), suite=suite
    )
    checkpoint = gx.Checkpoint(
        name=audit.stage, validation_definitions=[context.validation_definitions.add(definition)]
    )
    done = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": pd.DataFrame([counts])})
    (result,) = done.run_results.values()
    failed = [r.expectation_config for r in result.results if not r.success]
    return Validation(
        version=gx.__version__,
        broken=frozenset(rule.kwargs["column"] for rule in failed),
        is_stopped=any(rule.severity == "critical" for rule in failed),
        result=result.to_json_dict(),
    )
