"""One URL has one canonical form, by the WHATWG and public suffix vectors and the hostile catalogue."""

import hashlib
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import identity
from schemas.identity import CanonicalUrl, Rejected, host_facts, judge, psl_version, text_id


def outcome(url: str, base: str | None = None) -> str:
    """The canonical URL, or `!reason` (with the scheme for `not_http`)."""
    judged = judge(url, base)
    if isinstance(judged, CanonicalUrl):
        return judged.url
    return f"!{judged.reason} {judged.scheme}".rstrip()


# --- WHATWG --------------------------------------------------------------------------------------------


def expected_of(vector: dict[str, str]) -> str:
    """What the vector's fields say, minus what the policy drops: fragment, userinfo, dots after the host."""
    hostname = vector["hostname"].rstrip(".")
    port = f":{vector['port']}" if vector["port"] else ""
    empty_query = "?" if vector["href"].partition("#")[0].endswith("?") else ""
    query = vector["search"] or empty_query  # `search` hides the mark of an empty query
    return f"{vector['protocol']}//{hostname}{port}{vector['pathname']}{query}"


def test_every_whatwg_vector_has_the_canonical_form_that_the_standard_says(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "urls" / "whatwg-urltestdata.json").read_text("utf-8"))
    compared = {"http": 0, "other": 0, "failure": 0}
    wrong = []
    for vector in (v for v in vectors if isinstance(v, dict)):
        got = outcome(vector["input"], vector["base"])
        if vector.get("failure"):
            kind, right = "failure", got.startswith("!")
        elif vector["protocol"] not in ("http:", "https:"):
            kind, right = "other", got == f"!not_http {vector['protocol'][:-1]}"
        else:
            kind = "http"
            right = got == (expected_of(vector) if plausible(vector["hostname"]) else "!unparsable_url")
        compared[kind] += 1
        if not right:
            wrong.append((vector["input"], vector["base"], got))
    assert wrong == []
    assert compared["http"] > 240
    assert compared["failure"] > 200


def plausible(hostname: str) -> bool:
    """DNS could hold the name (RFC 1035 §2.3.4), which WHATWG does not ask.

    Without its dots `foo.09` is a malformed IPv4 address, hence no host.
    """
    labels = hostname.rstrip(".").split(".")
    fits = len(hostname) < 254 and all(0 < len(label) < 64 for label in labels)
    return hostname.startswith("[") or (fits and hostname != "foo.09..")


# --- the hostile catalogue, rows of level url that concern identity ------------------------------------

LONG_LABEL = "a" * 64
LONG_HOST = ".".join(["a" * 50] * 6)

HOSTILE = [
    (1, "http://good.com\\@evil.com/", "http://good.com/@evil.com/"),
    (2, "http://good.com@evil.com/", "http://evil.com/"),
    (2, "http://user:pw@a.com/", "http://a.com/"),
    (2, "http://user:p@w@a.com:81/x", "http://a.com:81/x"),
    (3, "http://evil.com\t.com/", "http://evil.com.com/"),
    (3, "ht\ntp://a.com/", "http://a.com/"),
    (4, "http://a.com:99999/", "!unparsable_url"),
    (4, "http://[::1", "!unparsable_url"),
    (5, "http://a.com/\ud800", "http://a.com/%EF%BF%BD"),
    (5, "http://a.com/\udfff\ud800x", "http://a.com/%EF%BF%BD%EF%BF%BDx"),
    (6, "http://localhost/", "http://localhost/"),
    (6, "http://[::1]/", "http://[::1]/"),
    (7, "http://127.1", "http://127.0.0.1/"),
    (7, "http://0x7f.1", "http://127.0.0.1/"),
    (7, "http://2130706433", "http://127.0.0.1/"),
    (7, "http://0177.0.0.1", "http://127.0.0.1/"),
    (7, "http://0", "http://0.0.0.0/"),
    (7, "http://0x7f.1../", "http://127.0.0.1/"),
    (7, "http://1.2.3.4.5../", "!unparsable_url"),
    (8, "http://①②⑦.⓪.⓪.①/", "http://127.0.0.1/"),
    (8, "http://127。0。0。1/", "http://127.0.0.1/"),
    (9, "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/"),
    (9, "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/"),
    (10, "http://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/"),
    (15, "javascript:alert(1)", "!not_http javascript"),
    (15, "ja\tvascript:alert(1)", "!not_http javascript"),
    (15, " \x01JaVaScRiPt:alert(1)", "!not_http javascript"),
    (15, "data:text/html,x", "!not_http data"),
    (15, "blob:https://a.com/x", "!not_http blob"),
    (15, "mailto:x@a.com", "!not_http mailto"),
    (15, "tel:+1", "!not_http tel"),
    (16, "file:///etc/passwd", "!not_http file"),
    (18, "http://\u0440\u0430\u0443\u0440\u0430l.com", "http://xn--l-7sba6dbr.com/"),
    (19, "http://faß.de/", "http://xn--fa-hia.de/"),
    (20, "http://\u200ba.com/", "http://a.com/"),
    (20, "http://a\u00adb.com/", "http://ab.com/"),
    (21, "http://A.COM./", "http://a.com/"),
    (21, "http://a.com:80/", "http://a.com/"),
    (21, "HTTP://a.com", "http://a.com/"),
    (21, "https://a.com:443", "https://a.com/"),
    (21, "http://a.com.:81../", "!unparsable_url"),
    (21, "http://a.com..:81/", "http://a.com:81/"),
    (22, "http://a..com/", "!unparsable_url"),
    (22, "http://.a.com/", "!unparsable_url"),
    (22, "http://./", "!unparsable_url"),
    (22, f"http://{LONG_LABEL}.com/", "!unparsable_url"),
    (22, f"http://{LONG_LABEL[1:]}.com/", f"http://{LONG_LABEL[1:]}.com/"),
    (22, f"http://{LONG_HOST}/", "!unparsable_url"),
    # the catalogue would reject these two, the WHATWG vectors accept malformed ASCII punycode (`https://xn--/`)
    (22, "http://xn--a/", "http://xn--a/"),
    (22, "http://xn--/", "http://xn--/"),
    (22, "http://é.xn--a/", "!unparsable_url"),
    (23, "http://ex%2eample.com/", "http://ex.ample.com/"),
    (23, "http://%65xample.com/", "http://example.com/"),
    (24, "http://a.com/a/../../b", "http://a.com/b"),
    (24, "http://a.com/x/%2e%2e/y", "http://a.com/y"),
    (24, "http://a.com/%zz%00%2F", "http://a.com/%zz%00%2F"),
    (24, "http://a.com/\x00x\x00", "http://a.com/%00x"),
    (25, "http://a.com/" + "x" * (8192 - 13), "http://a.com/" + "x" * (8192 - 13)),
    (25, "http://a.com/" + "x" * (8193 - 13), "!too_long"),
    (25, "http://a.com/" + "x" * 1_000_000, "!too_long"),
    (25, "http://a.com/#" + "x" * 60_000, "http://a.com/"),
    (26, "http://a.com/x;jsessionid=1A?y=2", "http://a.com/x?y=2"),
    (26, "http://a.com/x;JSESSIONID=1;v=2/y;jsessionid=3", "http://a.com/x;v=2/y"),
    (26, "http://a.com/?PHPSESSID=1", "http://a.com/"),
    (26, "http://a.com/?b=1&utm_source=x&a=%41+2&ASPSESSIONIDQX=1&", "http://a.com/?b=1&a=%41+2&"),
    (26, "http://a.com/?gclid=1&fbclid=2&msclkid&cfid=3&CFTOKEN=4&jsessionid=5", "http://a.com/"),
    (26, "http://a.com/?sid=1&mygclid=2&gclids=3&utm=4", "http://a.com/?sid=1&mygclid=2&gclids=3&utm=4"),
    (26, "http://a.com/?u=http://b.com?utm_source=x", "http://a.com/?u=http://b.com?utm_source=x"),
    (26, "http://a.com/?q=;jsessionid=1", "http://a.com/?q=;jsessionid=1"),
    (26, "http://a.com/b/..;jsessionid=1", "http://a.com/"),
    (28, "http://a.com/#frag", "http://a.com/"),
    (28, "http://a.com/?q#:~:text=x", "http://a.com/?q"),
    (28, "http://a.com/#!ajax", "http://a.com/"),
]


@pytest.mark.parametrize(("row", "url", "expected"), HOSTILE, ids=lambda value: str(value)[:40])
def test_a_hostile_url_has_one_answer(row: int, url: str, expected: str) -> None:
    assert outcome(url) == expected


RELATIVE = [
    (17, "//b.com/x", "http://b.com/x"),
    (17, "///b.com", "http://b.com/"),
    (17, "http:b.com", "http://base.org/d/b.com"),
    (17, "http:///b.com", "http://b.com/"),
    (17, "https:b.com", "https://b.com/"),
    (17, "\\\\b.com\\x", "http://b.com/x"),
    (24, "/a/../../b", "http://base.org/b"),
    (28, "#frag", "http://base.org/d/e?q=1"),
    (0, "", "http://base.org/d/e?q=1"),
    (0, " \t\n", "http://base.org/d/e?q=1"),
    (0, "?", "http://base.org/d/e?"),
    (0, "?r=2", "http://base.org/d/e?r=2"),
    (0, "localhost:8080/x", "!not_http localhost"),
    (0, "//", "!no_host"),
    (0, "//[x/", "!unparsable_url"),
    (0, "\ud800", "http://base.org/d/%EF%BF%BD"),
]


@pytest.mark.parametrize(("row", "href", "expected"), RELATIVE)
def test_a_relative_url_resolves_as_browsers_resolve_it(row: int, href: str, expected: str) -> None:
    assert outcome(href, "http://user@base.org/d/e?q=1#f") == expected


REJECTED = [
    ("", None, "!empty"),
    (" \x00\n", None, "!empty"),
    ("http://", None, "!no_host"),
    ("https:", None, "!no_host"),
    ("HTTP:/\\/", None, "!no_host"),
    ("ht\ttp://\n?q", None, "!no_host"),
    ("http://#f", None, "!no_host"),
    ("http://:80/", None, "!no_host"),
    ("http://user@", None, "!no_host"),
    ("http://user:pw@/x", None, "!no_host"),
    ("http://a b/", None, "!unparsable_url"),
    ("http://user@[x", None, "!unparsable_url"),
    ("http://%00/", None, "!unparsable_url"),
    ("relative/path", None, "!unparsable_url"),
    ("//a.com/", None, "!unparsable_url"),
    ("x", "no base", "!unparsable_url"),
    ("", "no base", "!unparsable_url"),
    ("x", "mailto:a@b", "!unparsable_url"),
    ("//", "mailto:a@b", "!unparsable_url"),
    ("x", "file:///a/b", "!not_http file"),
    ("x", "http://a.com/" + "y" * 70_000, "!too_long"),
    ("s" * 100 + ":x", None, "!not_http " + "s" * 64),
    ("data:" + "x" * 1_000_000, "http://a.com/", "!not_http data"),
]


@pytest.mark.parametrize(("url", "base", "expected"), REJECTED, ids=lambda value: str(value)[:40])
def test_a_rejection_says_why(url: str, base: str | None, expected: str) -> None:
    assert outcome(url, base) == expected


def test_an_attribute_of_100_megabytes_is_refused_without_parsing_it() -> None:
    started = time.process_time()
    assert outcome("http://a.com/" + "x" * 100_000_000) == "!too_long"
    assert outcome(" " * 100_000_000) == "!too_long"
    assert time.process_time() - started < 5


def test_an_empty_query_stays_as_whatwg_writes_it() -> None:
    assert outcome("http://a.com/?") == "http://a.com/?"
    assert outcome("http://a.com/?&utm_id=1&x") == "http://a.com/?&x"


# --- properties ----------------------------------------------------------------------------------------

PIECES = """
http: https: ftp: // / \\ .. . %2e % : @ ? # & = [ ] ; < > | ^ ' " - a.com xn-- 0x7f 127 .1 80 x %41 %zz
ß é 。 ① ;jsessionid=1 utm_a=b &gclid=1 PHPSESSID
"""
SHREDS = st.lists(st.sampled_from([*PIECES.split(), "\t", "\n", "\x00", " ", "\u200b", "\ud800"]), max_size=12)
BASES = ["http://base.org/a/b?c", "https://u@x.y./;jsessionid=1", "file:///"]
URLS = st.one_of(
    st.text(),
    SHREDS.map("".join),
    SHREDS.map(lambda shreds: "http://a.com" + "".join(shreds)),
)


@given(URLS, st.none() | st.sampled_from(BASES))
@example("http://0x7f.1..", None)
@example("http://a.com/..;jsessionid=1/x", None)
@example("http://a.com/;jsessionid=;jsessionid=", None)
def test_judging_a_canonical_url_again_gives_the_same_url(url: str, base: str | None) -> None:
    judged = judge(url, base)
    if isinstance(judged, Rejected):
        return
    assert judge(judged.url) == judged
    assert judge(judged.url, "https://elsewhere.net/") == judged
    assert re.fullmatch(r"https?://[^/?#@\s]+/[!-~]*", judged.url)
    assert "#" not in judged.url
    assert len(judged.url) <= identity.MAX_URL_BYTES
    assert judged.domain == judged.host or judged.host.endswith("." + judged.domain)
    assert judged.domain == judged.icann_domain or judged.domain.endswith("." + judged.icann_domain)


@given(st.text(alphabet=st.characters(), max_size=50))
def test_no_host_name_raises(host: str) -> None:
    domain, icann_domain = host_facts(host)
    assert len(domain) >= len(icann_domain)


# --- registrable domains -------------------------------------------------------------------------------


def test_the_public_suffix_vectors_hold(shared_data: Path) -> None:
    text = (shared_data / "urls" / "test_psl.txt").read_text("utf-8")
    vectors = re.findall(r"^checkPublicSuffix\('([^']+)', (?:'([^']+)'|null)\);", text, re.MULTILINE)
    assert len(vectors) > 70
    assert [(host, host_facts(host)[0]) for host, _ in vectors] == [(host, domain or host) for host, domain in vectors]


DOMAINS = [
    ("www.example.co.uk", "example.co.uk", "example.co.uk"),
    ("a.b.github.io", "b.github.io", "github.io"),  # 142: a private suffix separates owners
    ("github.io", "github.io", "github.io"),
    ("co.uk", "co.uk", "co.uk"),
    ("localhost", "localhost", "localhost"),
    ("shop.fans.test", "fans.test", "fans.test"),
    ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
    ("[::1]", "[::1]", "[::1]"),
    ("xn--fa-hia.de", "xn--fa-hia.de", "xn--fa-hia.de"),
    ("WWW.Example.CO.UK", "example.co.uk", "example.co.uk"),  # as imported graphs give it
    ("Mailhost", "Mailhost", "Mailhost"),
    ("", "", ""),
    ("..", "..", ".."),
    ("a..b.com", "a..b.com", "a..b.com"),
    ("under_score.b.com", "b.com", "b.com"),
]


@pytest.mark.parametrize(("host", "domain", "icann_domain"), DOMAINS)
def test_a_host_belongs_to_a_domain(host: str, domain: str, icann_domain: str) -> None:
    assert host_facts(host) == (domain, icann_domain)


def test_a_url_carries_its_host_and_domains() -> None:
    assert judge("https://www.a.github.io:8443/x") == CanonicalUrl(
        url="https://www.a.github.io:8443/x",
        host="www.a.github.io",
        domain="a.github.io",
        icann_domain="github.io",
    )
    judged = judge("http://u:p@[0:0::1]:8080/")
    assert isinstance(judged, CanonicalUrl)
    assert (judged.url, judged.host, judged.domain) == ("http://[::1]:8080/", "[::1]", "[::1]")


def test_the_list_in_use_is_named_by_version_and_digest() -> None:
    assert re.fullmatch(r"[0-9.]+-[0-9a-f]{12}", psl_version())


# --- ids -----------------------------------------------------------------------------------------------


def test_an_id_is_the_first_eight_bytes_of_blake2b_read_as_a_signed_number() -> None:
    assert text_id("http://example.com/") == int.from_bytes(
        hashlib.blake2b(b"http://example.com/").digest()[:8], "big", signed=True
    )
    ids = [text_id(str(number)) for number in range(100)]
    assert min(ids) < 0 < max(ids)
    assert all(-(2**63) <= number < 2**63 for number in ids)
    assert isinstance(text_id("\ud800"), int)


def test_a_url_has_the_ids_of_its_texts() -> None:
    judged = judge("http://www.example.com/")
    assert isinstance(judged, CanonicalUrl)
    assert judged.url_id == text_id("http://www.example.com/")
    assert judged.host_id == text_id("www.example.com")
    assert judged.domain_id == text_id("example.com")


def test_ids_of_12_bits_collide_while_strings_still_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    before = judge("http://www.example.com/")
    assert isinstance(before, CanonicalUrl)
    full = before.host_id
    monkeypatch.setattr(identity, "ID_BITS", 12)
    assert before.host_id == full & 0xFFF
    urls = [judge(f"http://host{number}.com/") for number in range(5000)]
    judged = [url for url in urls if isinstance(url, CanonicalUrl)]
    assert len({url.url for url in judged}) == 5000
    assert len({url.url_id for url in judged}) <= 4096
    assert all(0 <= url.domain_id < 4096 for url in judged)


@pytest.mark.parametrize(
    "domain",
    ["example.com", "shop.co.uk", "www.gov.uk", "ann.github.io", "github.io", "xn--fa-hia.test", "1.2.3.4.com"],
)
def test_a_domain_that_somebody_can_hold_is_registrable(domain: str) -> None:
    assert identity.is_registrable(domain)


@pytest.mark.parametrize(
    "domain",
    ["", "http", "null", "LOCALHOST", "com", "co.uk", "gov.uk", "192.168.0.1", "[::1]", "app.localhost", "nas.local",
     "printer.home.arpa", "api.internal", "test.invalid"],
)  # fmt: skip
def test_addresses_labels_suffixes_and_local_names_are_not_registrable(domain: str) -> None:
    assert not identity.is_registrable(domain)
