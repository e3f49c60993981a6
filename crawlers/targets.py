"""Which links are wanted when only links to certain domains, hosts or URL prefixes are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import Misuse
from schemas.identity import CanonicalUrl, Rejected, host_facts, judge

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Targets:
    """Domains (registrable, or a public suffix such as ``github.io``), single hosts, and prefixes of canonical URLs by
    their host."""

    domains: frozenset[str]
    hosts: frozenset[str]
    prefixes: dict[str, tuple[str, ...]]

    def keeps(self, target: CanonicalUrl) -> bool:
        """Whether a link to that URL is wanted."""
        return (
            target.domain in self.domains
            or target.icann_domain in self.domains
            or target.host in self.hosts
            or (target.host in self.prefixes and target.url.startswith(self.prefixes[target.host]))
        )

    def listed(self) -> list[str]:
        """Every target, in order: what makes two lists the same."""
        return sorted({*self.domains, *self.hosts, *(p for found in self.prefixes.values() for p in found)})

    def __str__(self) -> str:
        names = self.listed()
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more


def read_targets(path: Path) -> Targets:
    """Read a file with a domain, host or URL prefix a line (blank lines and # comments are left out).

    Raises:
        Misuse: the file cannot be read, names nothing, or a line is none of these.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise Misuse(f"cannot read the target file {path} ({error.strerror}): check the path") from None
    except UnicodeDecodeError:
        raise Misuse(f"the target file {path} is not UTF-8 text: give a domain, host or URL prefix a line") from None
    numbered = [(line.strip(), f"{path} line {number}") for number, line in enumerate(lines, start=1)]
    return targets_of([(line, where) for line, where in numbered if line and not line.startswith("#")], str(path))


def targets_of(lines: Iterable[tuple[str, str]], where: str) -> Targets:
    """The targets that lines, each with the place where it stands, name.

    ``example.com`` (a registrable domain) means all its hosts; ``blog.example.com`` that host alone;
    ``example.com/blog/`` and ``https://example.com/blog/`` every URL that begins so, the first with either scheme.
    """
    domains, hosts, prefixes = set[str](), set[str](), dict[str, tuple[str, ...]]()
    for line, place in lines:
        is_url = "://" in line
        for scheme in ("",) if is_url else ("http://", "https://"):
            found = judge(scheme + line)
            if isinstance(found, Rejected):
                raise Misuse(
                    f"{line!r} ({place}) is no domain, host or URL prefix ({found.reason}): write one like "
                    "example.com, blog.example.com or https://example.com/blog/"
                )
            if is_url or "/" in line.rstrip("/"):
                prefixes[found.host] = (*prefixes.get(found.host, ()), found.url)
            elif host_facts(found.host)[0] == found.host:
                domains.add(found.host)
            else:
                hosts.add(found.host)
    if not (domains or hosts or prefixes):
        raise Misuse(f"{where} names no target: write a domain, host or URL prefix a line")
    return Targets(frozenset(domains), frozenset(hosts), prefixes)
