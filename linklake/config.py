"""Settings, with one owner: flag > LINKLAKE_* variable > linklake.toml > default."""

import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import BadSetting, Misuse

FILE: Final = "linklake.toml"

_STORE: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MEMORY: Final = re.compile(r"(\d{1,9}(?:\.\d+)?) ?([MGT])(i?)B", re.IGNORECASE)
_CONTACT: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]|(?:^|[\s/<])(?:[\w-]+\.)+[^\W\d_]{2}")
"""An address with an at and a dot, or a host name with a dot."""

_LEAST_MEMORY: Final = 100_000_000
"""Bytes: with much less DuckDB cannot even open a table."""


def _no_complaint(_: str) -> str:
    return ""


def _folder_complaint(text: str) -> str:
    if not text.strip():
        return "name a folder"
    return "lakes in object stores come later: name a folder" if _STORE.match(text) else ""


def _memory_complaint(text: str) -> str:
    said = _MEMORY.fullmatch(text.strip())
    if not said:
        return "write it like 8GB, 1.5GB or 512MB"
    step = 1024 if said[3] else 1000
    is_enough = float(said[1]) * step ** (" MGT".index(said[2].upper()) + 1) >= _LEAST_MEMORY
    return "" if is_enough else "give 100MB or more"


def _contact_complaint(text: str) -> str:
    if not text or _CONTACT.search(text):
        return ""
    return "give an e-mail address or URL at which owners of sites reach you, such as crawl@example.org"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default says its type; ``meaning`` is the comment in linklake.toml.

    A number may not be less than ``least``; ``complaint`` says what is wrong with a text, or nothing.
    """

    name: str
    default: str | int | float
    meaning: str
    least: int = 0
    complaint: Callable[[str], str] = _no_complaint

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
    megabytes = limit * 2 // 3 // 10**6
    return f"{megabytes // 1000}GB" if megabytes >= 4000 else f"{megabytes}MB"


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("lake", "./lake", "Folder of the lake.", complaint=_folder_complaint),
    Setting(
        "contact",
        "",
        "URL or e-mail address in the crawler's User-Agent; crawling needs one.",
        complaint=_contact_complaint,
    ),
    Setting(
        "memory", _default_memory(), "DuckDB's memory limit; the process needs some more.", complaint=_memory_complaint
    ),
    Setting("threads", len(os.sched_getaffinity(0)), "Threads of DuckDB.", least=1),
    Setting("pages", 10_000, "Pages that one crawl fetches at most.", least=1),
    Setting("depth", 10, "Links that a crawl follows away from a seed at most."),
    Setting("delay", 1.0, "Seconds between two requests to one host; a longer Crawl-delay wins."),
    Setting("concurrency", 32, "Requests under way at once, over all hosts.", least=1),
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

    def __init__(self, values: Mapping[str, Value], file: Path | None = None) -> None:
        self._values = values
        self.file = file
        """The linklake.toml that was read; None where the working folder has none."""

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values.values())

    def origin(self, name: str) -> str:
        """Where the value comes from."""
        return self._values[name].origin

    def text(self, name: str) -> str:
        """The value of a text setting."""
        return str(self._values[name].value)

    def folder(self, name: str) -> Path:
        """The value of a folder setting; absolute where a colon would make Arrow read it as the scheme of a URI."""
        path = Path(self.text(name))
        return path.absolute() if ":" in str(path) else path

    def whole(self, name: str) -> int:
        """The value of a whole-number setting."""
        return int(self._values[name].value)

    def number(self, name: str) -> float:
        """The value of a number setting."""
        return float(self._values[name].value)


def load(flags: Mapping[str, Any], *, environment: Mapping[str, str], folder: Path) -> Settings:
    """Read every setting; an empty variable counts as not set.

    Raises:
        BadSetting: the file cannot be read, names a setting that does not exist, or a value cannot be used.
    """
    path = folder / FILE
    said = _read(path) if path.exists() else {}
    for name in said:
        if name not in _BY_NAME:
            raise BadSetting(f"{path}: there is no setting {name!r}; the settings are {', '.join(_BY_NAME)}")
    values = {s.name: _value(s, flags, environment, said, path) for s in SETTINGS}
    return Settings(values, path if path.exists() else None)


def with_values(settings: Settings, **values: str | int | float) -> Settings:
    """The same settings but for those values, whose origin is the command itself."""
    said = {value.setting.name: value for value in settings}
    changed = {name: Value(_BY_NAME[name], value, "command") for name, value in values.items()}
    return Settings(said | changed, settings.file)


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
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSetting(f"{path} cannot be read ({error.strerror}): mend or remove it") from error
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8, or remove it") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not TOML ({error}): mend it, or remove it and run linklake init") from error


def _value(
    setting: Setting, flags: Mapping[str, Any], environment: Mapping[str, str], said: Mapping[str, Any], path: Path
) -> Value:
    for value, origin in (
        (flags.get(setting.name), f"--{setting.name}"),
        (environment.get(setting.variable) or None, setting.variable),
        (said.get(setting.name), str(path)),
    ):
        if value is not None:
            return Value(setting, _typed(setting, value, origin), origin)
    return Value(setting, setting.default, "default")


def _typed(setting: Setting, value: object, origin: str) -> str | int | float:
    wanted = type(setting.default)
    where = f"{setting.name} from {origin} is {value!r}"
    try:
        if wanted is str and not isinstance(value, str):
            raise ValueError("no conversion: a list would become its own spelling")
        typed = wanted(str(value))
    except ValueError as error:
        raise BadSetting(f"{where}, not a {_KINDS[wanted]}") from error
    if isinstance(typed, str):
        if complaint := setting.complaint(typed):
            raise BadSetting(f"{where}: {complaint}")
    elif not math.isfinite(typed) or typed < setting.least:
        raise BadSetting(f"{where}: give {setting.least} or more")
    return typed


_KINDS: Final = {str: "text", int: "whole number", float: "number"}
