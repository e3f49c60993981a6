"""Lists of links are read as the tools write them: headers, encodings, separators, and rows that are none."""

import gzip
from pathlib import Path

import pytest

from crawlers.link_lists import EXPORTS, TOOLS, BadRow, read_link_list
from linklake.cli import _TOOLS
from schemas.errors import Misuse

S, T = "http://s.test/page", "https://t.test/"
HEADERS = {
    "ahrefs": (
        '"Referring page title","Referring page URL","Domain rating","Target URL","Anchor","Nofollow"',
        f'"A, b","{S}","12","{T}","x","false"',
    ),
    "ahrefs before 2022": ("#\tReferring Page URL\tLink URL\tLink Anchor", f"1\t{S}\t{T}\tx"),
    "majestic": ("Target URL,Source URL,Anchor Text,Source Crawl Date,FlagNoFollow", f"{T},{S},x,2026-01-01,0"),
    "semrush": (
        "Page ascore,Source title,Source url,Target url,Anchor,External links,Nofollow",
        f"7,A page,{S},{T},x,3,false",
    ),
    "moz": (
        "Inbound links\n\nt.test\n2026-11-20\n\n\nURL,Title,Anchor Text,Spam Score,Page Authority,Origin,Target URL",
        "s.test/page,A page,x,1,20,external,https://t.test/",
    ),
    "gsc": ("Linking page,Last crawled", f"{S},2026-11-01"),
    "bing": ("Source Url,Anchor text,Target Url", f"{S},x,{T}"),
    "generic": ("source_url,target_url,note", f"{S},{T},x"),
    "generic with semicolons": ("sep=;\nSource;Target", f"{S};{T}"),
}


@pytest.mark.parametrize("tool", HEADERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_each_tool_is_known_by_its_header_in_each_encoding(tool: str, encoding: str, tmp_path: Path) -> None:
    header, row = HEADERS[tool]
    path = tmp_path / "links.csv"
    path.write_bytes(f"{header}\r\n{row}\r\n".replace("\n\r", "\n").encode(encoding))
    found = read_link_list(path)
    assert found.tool == tool.partition(" ")[0]
    assert [(link.source.url, link.target and link.target.url) for link in found.links] == [
        (S, None if tool == "gsc" else T)
    ]
    assert found.bad == []


def test_every_tool_has_a_header_in_this_table_and_a_word_on_the_command_line() -> None:
    assert {name.partition(" ")[0] for name in HEADERS} == set(TOOLS) == set(_TOOLS)
    assert len(EXPORTS) == len(set(TOOLS))


def test_a_list_without_a_header_is_sources_and_targets(tmp_path: Path) -> None:
    path = tmp_path / "links.csv.gz"
    path.write_bytes(gzip.compress(f"{S}\t{T}\n{S}2\t{T}\n".encode()))
    found = read_link_list(path)
    assert (found.tool, [link.line for link in found.links]) == ("generic", [1, 2])


def test_rows_that_are_none_are_told_by_line_and_cost_no_other(tmp_path: Path) -> None:
    rows = [
        "source,target",
        f"{S},{T}",  # 2
        "",
        f"mailto:x@s.test,{T}",  # 4
        f"{S}",  # 5
        f'{S},"http://t.test/never closed',  # 6
        f"{S},http://t.test/seven,more",  # 7
        '"http://s.test/two',
        f'lines",{T}',  # 8 and 9
        "n/a,n/a",  # 10
        f"{S},{T}last",  # 11
    ]
    path = tmp_path / "links.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    found = read_link_list(path)
    assert [row.line for row in found.rows] == [2, 4, 5, 6, 7, 8, 10, 11]
    assert {row.line: row.detail for row in found.rows if isinstance(row, BadRow)} == {
        4: "the source is no web address (not_http)",
        5: "has 1 cells, fewer than the header",
        10: "the source is no web address (unparsable_url)",
    }


@pytest.mark.parametrize(
    ("content", "tool", "words"),
    [
        (b"", None, "no header of a known tool (it begins with 'nothing')"),
        (b"a,b\n1,2\n", None, "the columns wanted are 'referring page url', 'target url'"),
        (b"source,target\n1,2\n", None, "names no link (generic, 1 rows, line 2"),
        (b"source,target\nhttp://s.test/,http://t.test/\n", "majestic", "no header of majestic"),
        (b"PK\x03\x04xxxx", None, "save it as CSV"),
        (b"\x1f\x8bnot gzip", None, "cannot read the list"),
    ],
)
def test_what_is_no_list_is_refused_in_words(content: bytes, tool: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_bytes(content)
    with pytest.raises(Misuse) as refused:
        read_link_list(path, tool)
    assert words in str(refused.value)


def test_a_search_console_list_in_another_language_is_read_when_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text(f"Verlinkende Seite,Zuletzt gecrawlt\n{S},2026-11-01\n", encoding="utf-8")
    assert [link.source.url for link in read_link_list(path, "gsc").links] == [S]
