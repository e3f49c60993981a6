"""Addresses: which are public, what the user may name, and how a host with one bad answer is refused."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from twisted.internet.address import IPv4Address, IPv6Address

from crawlers.address import AddressPolicy, GuardedResolver, is_public
from crawlers.politeness import AddressRefused, Manners
from schemas.errors import BadSetting
from schemas.identity import CanonicalUrl, judge

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255",
    "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
    "203.0.112.255", "203.0.114.0", "223.255.255.255", "2001:4860:4860::8888", "2606:4700:4700::1111",
    "2400:cb00::1", "2001:200::", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
    "2001:0:808:808::f7f7:f7f7",
]  # fmt: skip

NOT_PUBLIC = [
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.0.0.5", "10.255.255.255", "100.64.0.0", "100.100.100.200",
    "100.127.255.255", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254",
    "169.254.170.2", "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:808:808::80ff:fffe", "2001:0:7f00:1::f7f7:f7f7",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1",
    "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fe80::1%eth0",
    "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address) is True


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_not(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.1", "1.2.3.4.5", "[::1]", "8.8.8.8:80"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert is_public(text) is False


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://0/",
        "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/", "http://[fec0::1]/", "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/",
    ],
)  # fmt: skip
def test_numbers_in_every_dress_are_refused_once_they_are_canonical(url: str) -> None:
    judged = judge(url)
    assert isinstance(judged, CanonicalUrl)
    assert is_public(judged.host.strip("[]")) is False


@pytest.mark.parametrize(
    ("networks", "address", "permitted"),
    [
        ((), "8.8.8.8", True),
        ((), "127.0.0.1", False),
        (("127.0.0.0/8",), "127.9.9.9", True),
        (("127.0.0.0/8",), "::ffff:127.0.0.1", True),
        (("127.0.0.0/8",), "::1", False),
        (("::1",), "::1", True),
        (("10.1.0.0/16", "fd00::/8"), "10.1.2.3", True),
        (("10.1.0.0/16", "fd00::/8"), "10.2.0.1", False),
        (("10.1.0.0/16", "fd00::/8"), "fd12::1", True),
        (("2001:0::/32",), "2001:0:7f00:1::f7f7:f7f7", True),
        (("0.0.0.0/0",), "not an address", False),
    ],
)
def test_the_user_may_name_networks(networks: Sequence[str], address: str, permitted: bool) -> None:
    assert AddressPolicy.of(networks, {}).permits(address) is permitted


def test_connect_to_names_an_address_for_its_own_hosts_alone() -> None:
    policy = AddressPolicy.of((), {"*.test": "127.0.0.1:8080", "exact.example": "[::1]:81", "b.example": "10.0.0.1"})
    assert policy.route("deep.a.TEST") == ("127.0.0.1", 8080)
    assert policy.route("exact.example") == ("::1", 81)
    assert policy.route("b.example") == ("10.0.0.1", None)
    for other in ("test", "a.test.example", "b.exact.example", "example"):
        assert policy.route(other) is None
    assert policy.permits("127.0.0.1") is False
    assert policy.permits_peer("127.0.0.1") is True
    assert policy.permits_peer("127.0.0.2") is False


@pytest.mark.parametrize(
    "to", ["", "localhost", "localhost:80", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", "[::1"]
)
def test_connect_to_wants_an_address(to: str) -> None:
    if to == "[::1":  # the bracket may be left open: the address is clear
        assert AddressPolicy.of((), {"a.test": to}).route("a.test") == ("::1", None)
        return
    with pytest.raises(BadSetting, match=r"cannot connect a\.test to"):
        AddressPolicy.of((), {"a.test": to})


def test_a_network_that_is_none_is_an_error() -> None:
    with pytest.raises(BadSetting, match="local is no network"):
        AddressPolicy.of(("local",), {})


class Receiver:
    """What the reactor gives a resolver; remembers the addresses."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.is_complete = False

    def resolutionBegan(self, resolution: object) -> None:
        assert not self.addresses

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        self.is_complete = True


class System:
    """A system resolver that knows some names, each look-up giving the next of its answers."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names = names
        self.asked: list[str] = []

    def resolveHostName(self, receiver: Receiver, name: str, port: int, *_: object) -> None:
        self.asked.append(name)
        receiver.resolutionBegan(None)
        answers = self.names.get(name.replace(".", "_"), [[]])
        for answer in answers.pop(0) if len(answers) > 1 else answers[0]:
            kind: Callable[..., Any] = IPv6Address if ":" in answer else IPv4Address
            receiver.addressResolved(kind("TCP", answer, port))
        receiver.resolutionComplete()


class Reactor:
    def __init__(self, system: System) -> None:
        self.nameResolver: Any = system

    def installNameResolver(self, resolver: object) -> None:
        self.nameResolver = resolver


def resolve(system: System, policy: AddressPolicy, *names: str) -> tuple[GuardedResolver, list[list[tuple[str, int]]]]:
    reactor = Reactor(system)
    guard = GuardedResolver(reactor, policy)
    guard.install_on_reactor()
    assert reactor.nameResolver is guard
    found = []
    for name in names:
        receiver = Receiver()
        reactor.nameResolver.resolveHostName(receiver, name, portNumber=80)
        assert receiver.is_complete
        found.append([(address.host, address.port) for address in receiver.addresses])
    return guard, found


def test_one_answer_that_is_not_public_refuses_the_host() -> None:
    system = System(mixed_example=[["8.8.8.8", "10.0.0.5"]], fine_example=[["8.8.8.8", "2606:4700::1"]])
    guard, found = resolve(system, AddressPolicy(), "mixed.example", "fine.example", "unknown.example")
    assert found == [[], [("8.8.8.8", 80), ("2606:4700::1", 80)], []]
    assert guard.refused == {"mixed.example": "10.0.0.5"}


def test_a_host_that_changes_its_answer_is_judged_by_the_one_connected_to() -> None:
    system = System(rebind_example=[["8.8.8.8"], ["127.0.0.1"], ["8.8.4.4"]])
    guard, found = resolve(system, AddressPolicy(), "rebind.example", "rebind.example")
    assert found == [[("8.8.8.8", 80)], []]
    assert guard.refused == {"rebind.example": "127.0.0.1"}


def test_named_networks_pass_and_routed_hosts_are_not_looked_up() -> None:
    system = System(intra_example=[["10.1.2.3"]])
    policy = AddressPolicy.of(["10.1.0.0/16"], {"*.test": "127.0.0.1:8080", "v6.test": "::1"})
    _, found = resolve(system, policy, "intra.example", "a.test", "v6.test")
    assert found == [[("10.1.2.3", 80)], [("127.0.0.1", 8080)], [("::1", 80)]]
    assert system.asked == ["intra.example"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("faß.de", "xn--fa-hia.de"), ("EXAMPLE.com", "example.com"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1")],
)
def test_the_system_is_asked_for_the_canonical_name(name: str, asked: str) -> None:
    system = System()
    resolve(system, AddressPolicy(), name)
    assert system.asked == [asked]


@pytest.mark.parametrize(
    ("peer", "is_refused"),
    [
        ("8.8.8.8", False),
        ("127.0.0.1", False),
        ("127.0.0.2", True),
        ("10.0.0.5", True),
        ("::1", True),
        (None, False),
    ],
)
def test_an_answer_from_an_address_not_permitted_is_not_read(peer: str | None, is_refused: bool) -> None:
    policy = AddressPolicy.of((), {"a.test": "127.0.0.1:8080"})
    manners = Manners(SimpleNamespace(settings={"LINKLAKE_ADDRESS_POLICY": policy}))  # type: ignore[arg-type]
    response = Response("http://b.example/", ip_address=ip_address(peer) if peer else None)
    if not is_refused:
        assert manners.process_response(Request(response.url), response) is response
        return
    with pytest.raises(AddressRefused, match=f"answered by {peer}"):
        manners.process_response(Request(response.url), response)
