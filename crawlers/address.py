"""Which addresses may be connected to: public ones, and those that the user names.

A name is resolved once, by the guard; the reactor connects to exactly the addresses that the guard lets
through, so that a second look-up cannot give others (DNS rebinding). Hosts that are IP literals pass through
the guard as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, Self

from twisted.internet import address as tx_address
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from schemas.errors import BadSetting
from schemas.identity import CanonicalUrl, judge

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# ipaddress.is_global is no guard: it calls NAT64, 6to4, fec0::/10, multicast and 168.63.129.16 global.
# IANA IPv4 and IPv6 special-purpose address registries, and addresses at which clouds answer their own
# machines.
NON_PUBLIC_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared (CGNAT), RFC 6598; Alibaba's metadata at 100.100.100.200
        "127.0.0.0/8",  # loopback, RFC 1122
        "168.63.129.16/32",  # Azure's platform address, in a public range
        "169.254.0.0/16",  # link-local, RFC 3927; metadata of most clouds
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; Oracle's metadata at 192.0.0.192
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112
    )
)
GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")
"""All that IANA has given out; loopback, unique local, link-local, site-local and multicast lie outside."""

NON_PUBLIC_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, RFC 2928 (Teredo is unwrapped before)
        "2001:db8::/32",  # documentation, RFC 3849
        "3fff::/20",  # documentation, RFC 9637
    )
)

_V4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ALL_BITS: Final = 0xFFFF_FFFF


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet; false for what is no address."""
    parsed = _parse(address)
    return parsed is not None and all(map(_is_public, _embedded(parsed)))


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What the user names: networks that are let through although not public, and addresses to use instead of
    DNS (``connect_to``: host name or ``*.suffix`` to address or ``address:port``, as in curl)."""

    networks: tuple[Network, ...] = ()
    connect_to: Mapping[str, tuple[str, int | None]] | None = None

    @classmethod
    def of(cls, networks: Sequence[str], connect_to: Mapping[str, str]) -> Self:
        """Parse both as settings give them.

        Raises:
            BadSetting: a network or an address that is none.
        """
        routes = {host.lower(): _route(host, to) for host, to in connect_to.items()}
        return cls(tuple(map(_network, networks)), routes)

    def permits(self, address: str) -> bool:
        """Whether a host that resolved to this address may be connected to."""
        parsed = _parse(address)
        if parsed is None:
            return False
        return all(_is_public(one) or self._names(one) for one in _embedded(parsed)) or self._names(parsed)

    def permits_peer(self, address: str) -> bool:
        """Whether this address may have answered: the user's own ``connect_to`` counts as naming it."""
        return self.permits(address) or any(address == to for to, _ in (self.connect_to or {}).values())

    def route(self, host: str) -> tuple[str, int | None] | None:
        """Address, and port if named, to use for a host instead of DNS."""
        routes = self.connect_to or {}
        host = host.lower()
        if host in routes:
            return routes[host]
        labels = host.split(".")
        suffixes = ("*." + ".".join(labels[start:]) for start in range(1, len(labels)))
        return next((routes[suffix] for suffix in suffixes if suffix in routes), None)

    def _names(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


@implementer(IHostnameResolver)
class GuardedResolver:
    """The reactor's resolver: routes named hosts, and hides a host with any answer that is not permitted."""

    def __init__(self, reactor: Any, policy: AddressPolicy) -> None:
        self.policy = policy
        self.refused: dict[str, str] = {}
        """Canonical hosts refused, each with an answer that was not permitted."""
        self._reactor = reactor
        self._system: Any = reactor.nameResolver

    @classmethod
    def from_crawler(cls, crawler: "Crawler", reactor: Any) -> Self:
        """As Scrapy asks of TWISTED_DNS_RESOLVER; the policy is the setting LINKLAKE_ADDRESS_POLICY."""
        return cls(reactor, crawler.settings["LINKLAKE_ADDRESS_POLICY"])

    def install_on_reactor(self) -> None:
        self._reactor.installNameResolver(self)

    def resolveHostName(  # named by the interface
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Give the receiver all addresses of a host, or none."""
        host = _canonical_host(hostName)
        route = self.policy.route(host)
        if route is None:
            receiver: Any = _Vetting(resolutionReceiver, host, self)
            name = host.strip("[]")
            return self._system.resolveHostName(receiver, name, portNumber, addressTypes, transportSemantics)
        address, port = route
        kind = tx_address.IPv6Address if ":" in address else tx_address.IPv4Address
        resolution = _Resolution(host)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.addressResolved(kind("TCP", address, port or portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    """A resolution that was over before it could be cancelled."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing is left to cancel."""


@implementer(IResolutionReceiver)
class _Vetting:
    """Holds back the answers until all are known: one that is not permitted refuses the host."""

    def __init__(self, receiver: Any, host: str, guard: GuardedResolver) -> None:
        self._receiver = receiver
        self._host = host
        self._guard = guard
        self._answers: list[Any] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        self._answers.append(address)

    def resolutionComplete(self) -> None:
        refused = [answer.host for answer in self._answers if not self._guard.policy.permits(answer.host)]
        if refused:
            self._guard.refused[self._host] = refused[0]
        else:
            self._guard.refused.pop(self._host, None)
            for answer in self._answers:
                self._receiver.addressResolved(answer)
        self._receiver.resolutionComplete()


def _canonical_host(name: str) -> str:
    """The host as identity writes it. Twisted hands over decoded names, and the system would encode them
    again by another standard (IDNA 2003 looks up ``fass.de`` for ``faß.de``)."""
    judged = judge(f"http://[{name}]/" if ":" in name else f"http://{name}/")
    return judged.host if isinstance(judged, CanonicalUrl) else name


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NON_PUBLIC_V4)
    return address in GLOBAL_UNICAST_V6 and not any(address in network for network in NON_PUBLIC_V6)


def _embedded(address: Address) -> list[Address]:
    """The addresses that matter: those that a translator or tunnel unwraps from it, or itself."""
    if isinstance(address, IPv4Address):
        return [address]
    number = int(address)
    if address in _V4_MAPPED or address in _NAT64:
        return [IPv4Address(number & _ALL_BITS)]
    if address in _SIX_TO_FOUR:
        return [IPv4Address(number >> 80 & _ALL_BITS)]
    if address in _TEREDO:  # server, and client with its bits turned over (RFC 4380 §4)
        return [IPv4Address(number >> 64 & _ALL_BITS), IPv4Address(~number & _ALL_BITS)]
    return [address]


def _parse(address: str) -> Address | None:
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise BadSetting(f"{text} is no network: write it like 10.1.0.0/16 or 192.168.1.7") from None


def _route(host: str, to: str) -> tuple[str, int | None]:
    """Parse ``192.0.2.1``, ``192.0.2.1:8080``, ``2001:db8::1`` or ``[2001:db8::1]:8080``."""
    address, port = to, ""
    if to.startswith("["):
        address, _, port = to[1:].partition("]")
        port = port.removeprefix(":")
    elif to.count(":") == 1:
        address, _, port = to.partition(":")
    is_port = not port or (port.isascii() and port.isdigit() and 0 < int(port) < 65536)
    if _parse(address) is None or not is_port:
        raise BadSetting(f"cannot connect {host} to {to}: write an address like 127.0.0.1:8080")
    return address, int(port) if port else None
