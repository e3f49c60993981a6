"""Settings, with one owner: flag > LINKLAKE_* variable > linklake.toml > default."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import BadSetting, Misuse

FILE: Final = "linklake.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default says its type; ``meaning`` is the comment in linklake.toml."""

    name: str
    default: str | int | float
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"LINKLAKE_{self.name.upper()}"


def _default_memory() -> str:
    """Two thirds of what the container or machine has: a kernel OOM kill leaves no traceback."""
    limit = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cgroup = Path("/sys/fs/cgroup/memory.max")
    if cgroup.exists() and (said := cgroup.read_text(encoding="ascii").strip()) != "max":
        limit = min(limit, int(said))
    return f"{max(1, limit * 2 // 3 // 2**30)}GB"


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("lake", "./lake", "Folder of the lake."),
    Setting("contact", "", "URL or e-mail address in the crawler's User-Agent; crawling needs one."),
    Setting("memory", _default_memory(), "DuckDB's memory limit; the process needs some more."),
    Setting("threads", len(os.sched_getaffinity(0)), "Threads of DuckDB."),
    Setting("pages", 10_000, "Pages that one crawl fetches at most."),
    Setting("depth", 10, "Links that a crawl follows away from a seed at most."),
    Setting("delay", 1.0, "Seconds between two requests to one host; a longer Crawl-delay wins."),
    Setting("concurrency", 32, "Requests under way at once, over all hosts."),
)

_BY_NAME: Final = {s.name: s for s in SETTINGS}


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it comes from."""

    setting: Setting
    value: str | int | float
    origin: str


class Settings:
    """Every setting with its value and origin."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values.values())

    def text(self, name: str) -> str:
        """The value of a text setting."""
        return str(self._values[name].value)

    def whole(self, name: str) -> int:
        """The value of a whole-number setting."""
        return int(self._values[name].value)

    def number(self, name: str) -> float:
        """The value of a number setting."""
        return float(self._values[name].value)


def load(flags: Mapping[str, Any], *, environment: Mapping[str, str], folder: Path) -> Settings:
    """Read every setting.

    Raises:
        BadSetting: the file cannot be read, names a setting that does not exist, or a value is of the wrong type.
    """
    path = folder / FILE
    said = _read(path) if path.exists() else {}
    for name in said:
        if name not in _BY_NAME:
            raise BadSetting(f"{path}: there is no setting {name!r}; the settings are {', '.join(_BY_NAME)}")
    return Settings({s.name: _value(s, flags, environment, said, path) for s in SETTINGS})


def with_values(settings: Settings, **values: str | int | float) -> Settings:
    """The same settings but for those values, whose origin is the command itself."""
    said = {value.setting.name: value for value in settings}
    return Settings(said | {name: Value(_BY_NAME[name], value, "command") for name, value in values.items()})


def template() -> str:
    """A commented linklake.toml with every default."""
    lines = ["# Settings of linklake. A flag or a LINKLAKE_* variable wins over this file.", ""]
    for setting in SETTINGS:
        default = f'"{setting.default}"' if isinstance(setting.default, str) else setting.default
        lines += [f"# {setting.meaning}", f"# {setting.name} = {default}", ""]
    return "\n".join(lines)


def write_template(folder: Path) -> Path:
    """Write linklake.toml.

    Raises:
        Misuse: there is one already, or the folder cannot be written.
    """
    path = folder / FILE
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError as error:
        raise Misuse(f"{path} exists already: edit it, or remove it first") from error
    except OSError as error:
        raise Misuse(f"cannot write {path}: {error.strerror}") from error
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from error


def _value(
    setting: Setting, flags: Mapping[str, Any], environment: Mapping[str, str], said: Mapping[str, Any], path: Path
) -> Value:
    if flags.get(setting.name) is not None:
        return Value(setting, _typed(setting, flags[setting.name], "flag"), "flag")
    if setting.variable in environment:
        return Value(setting, _typed(setting, environment[setting.variable], setting.variable), setting.variable)
    if setting.name in said:
        return Value(setting, _typed(setting, said[setting.name], str(path)), str(path))
    return Value(setting, setting.default, "default")


def _typed(setting: Setting, value: object, origin: str) -> str | int | float:
    wanted = type(setting.default)
    try:
        typed = wanted(str(value))
    except ValueError as error:
        raise BadSetting(f"{setting.name} from {origin} is {value!r}, not a {_KINDS[wanted]}") from error
    if isinstance(typed, int | float) and typed < 0:
        raise BadSetting(f"{setting.name} from {origin} is {value!r}: it cannot be negative")
    return typed


_KINDS: Final = {str: "text", int: "whole number", float: "number"}
