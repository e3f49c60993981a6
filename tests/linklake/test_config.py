"""A setting's value is the flag's, else the variable's, else the file's, else the default, and says which."""

import tomllib
from pathlib import Path

import pytest

from linklake.config import SETTINGS, load, template
from schemas.errors import BadSetting
from tests.linklake.calls import call

NAMES = [setting.name for setting in SETTINGS]


def configured(ended_out: str) -> dict[str, tuple[str, str]]:
    """Name -> (value, origin) of what ``linklake config`` prints; no value here is empty or holds a blank."""
    rows = (line.split() for line in ended_out.splitlines())
    return {row[0]: (row[1], row[-1]) for row in rows if len(row) == 3}


def test_flag_beats_variable_beats_file_beats_default(tmp_path: Path) -> None:
    path = tmp_path / "linklake.toml"
    path.write_text('lake = "from-file"\npages = 11\nthreads = 3\n', encoding="utf-8")
    environment = {"LINKLAKE_LAKE": "from-variable", "LINKLAKE_PAGES": "12"}
    said = configured(call("config", "--lake", "from-flag", environment=environment, folder=tmp_path).out)
    assert said["lake"] == ("from-flag", "--lake")
    assert said["pages"] == ("12", "LINKLAKE_PAGES")
    assert said["threads"] == ("3", str(path))
    assert said["depth"] == ("10", "default")
    assert configured(call("config", environment=environment, folder=tmp_path).out)["lake"] == (
        "from-variable", "LINKLAKE_LAKE",
    )  # fmt: skip
    assert configured(call("config", folder=tmp_path).out)["lake"] == ("from-file", str(path))
    path.unlink()
    assert configured(call("config", folder=tmp_path).out)["lake"] == ("./lake", "default")


def test_config_prints_every_setting_once_in_order(tmp_path: Path) -> None:
    assert [line.split()[0] for line in call("config", folder=tmp_path).out.splitlines()[1:]] == NAMES


def test_config_says_which_file_was_read_or_that_this_folder_has_none(tmp_path: Path) -> None:
    none = f"linklake.toml none found in {tmp_path}: linklake init writes one"
    assert call("config", folder=tmp_path).out.splitlines()[0] == none
    call("init", folder=tmp_path)
    said = call("config", folder=tmp_path).out.splitlines()[0]
    assert said == f"linklake.toml {tmp_path / 'linklake.toml'}"


@pytest.mark.parametrize("contact", ["me@a.test", "mailto:me@a.test", "https://a.test/bot", "Me <me@a.test>", "a.test"])
def test_a_contact_is_an_address_or_a_url(contact: str, tmp_path: Path) -> None:
    assert load({"contact": contact}, environment={}, folder=tmp_path).text("contact") == contact


@pytest.mark.parametrize("contact", ["x", "me", "me@", "@a.test", "https://", "http://localhost", "1.5", "a b", " "])
def test_what_nobody_can_write_to_is_no_contact(contact: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="give an e-mail address or URL at which owners of sites reach you"):
        load({"contact": contact}, environment={}, folder=tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_has_a_variable(name: str, tmp_path: Path) -> None:
    value = {"lake": "elsewhere", "contact": "me@a.test", "memory": "512MB"}.get(name, "7")
    settings = load({}, environment={f"LINKLAKE_{name.upper()}": value}, folder=tmp_path)
    assert settings.origin(name) == f"LINKLAKE_{name.upper()}"
    assert settings.text(name) in (value, f"{value}.0")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    """Compose files set variables to nothing: ``LINKLAKE_PAGES=${PAGES:-}``."""
    settings = load({}, environment={f"LINKLAKE_{name.upper()}": "" for name in NAMES}, folder=tmp_path)
    assert {settings.origin(name) for name in NAMES} == {"default"}


def test_the_lake_of_the_file_is_the_one_that_commands_use(tmp_path: Path, built_lake: Path) -> None:
    (tmp_path / "linklake.toml").write_text(f'lake = "{built_lake}"\n', encoding="utf-8")
    ended = call("run", "rank_hosts", folder=tmp_path)
    assert (ended.code, ended.receipt["crawl_id"]) == (0, "tiny")


def test_init_writes_a_file_in_which_every_line_uncommented_is_the_default(tmp_path: Path) -> None:
    ended = call("init", folder=tmp_path)
    path = tmp_path / "linklake.toml"
    assert (ended.code, ended.out.split(":")[0]) == (0, f"wrote {path}")
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {}
    text = "\n".join(line.removeprefix("# ") if " = " in line else line for line in template().splitlines())
    path.write_text(text, encoding="utf-8")
    settings = load({}, environment={}, folder=tmp_path)
    assert [(v.setting.name, v.value, v.origin) for v in settings] == [(s.name, s.default, str(path)) for s in SETTINGS]
    assert all(f"# {setting.meaning}\n" in template() for setting in SETTINGS)


def test_init_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "linklake.toml"
    path.write_text("pages = 7\n", encoding="utf-8")
    ended = call("init", folder=tmp_path)
    assert ended.code == 2
    assert f"{path} exists already: edit it, or remove it first" in ended.err
    assert path.read_text(encoding="utf-8") == "pages = 7\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"pages = [1", "is not TOML ("),
        (b"pages 7", "is not TOML ("),
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        (b"pagse = 7", "there is no setting 'pagse'; the settings are lake, contact, memory, "),
        (b"[crawl]\npages = 7", "there is no setting 'crawl'; the settings are"),
        (b"pages = -1", "is -1: give 1 or more"),
        (b"pages = 0", "is 0: give 1 or more"),
        (b"pages = 1.5", "is 1.5, not a whole number"),
        (b"pages = true", "is True, not a whole number"),
        (b"pages = 'many'", "is 'many', not a whole number"),
        (b"threads = 0", "is 0: give 1 or more"),
        (b"concurrency = 0", "is 0: give 1 or more"),
        (b"delay = -0.5", "is -0.5: give 0 or more"),
        (b"delay = nan", "is nan: give 0 or more"),
        (b"delay = inf", "is inf: give 0 or more"),
        (b"delay = '1s'", "is '1s', not a number"),
        (b"lake = ''", "is '': name a folder"),
        (b"lake = ['a']", "is ['a'], not a text"),
        (b"lake = 's3://bucket/lake'", "lakes in object stores come later: name a folder"),
        (b"memory = 'much'", "is 'much': write it like 8GB, 1.5GB or 512MB"),
        (b"memory = '80%'", "is '80%': write it like 8GB"),
        (b"memory = '-1GB'", "is '-1GB': write it like 8GB"),
        (b"memory = '10MB'", "is '10MB': give 100MB or more"),
    ],
)
def test_a_bad_file_is_refused_by_every_command_with_its_path(text: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "linklake.toml"
    path.write_bytes(text)
    for words in (["config"], ["build"], ["sql", "select 1"]):
        ended = call(*words, folder=tmp_path)
        assert (ended.code, len(ended.err.splitlines())) == (2, 1)
        assert str(path) in ended.err
        assert said in ended.err
        assert not ended.has_receipt


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "linklake.toml").mkdir()
    ended = call("config", folder=tmp_path)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "linklake.toml cannot be read (Is a directory): mend or remove it" in ended.err


def test_bad_flags_and_variables_name_themselves(tmp_path: Path) -> None:
    assert "threads from --threads is 'x', not a whole number" in call("build", "--threads", "x", folder=tmp_path).err
    ended = call("build", environment={"LINKLAKE_MEMORY": "1KB"}, folder=tmp_path)
    assert ended.code == 2
    assert "memory from LINKLAKE_MEMORY is '1KB': write it like 8GB" in ended.err


@pytest.mark.parametrize("memory", ["8GB", "1.5GB", "512MB", "1TB", "2 GiB", "100mb", "700MiB"])
def test_the_memory_that_is_allowed_is_memory_that_duckdb_takes(memory: str, built_lake: Path) -> None:
    assert call("sql", "select 1", "--memory", memory, "--lake", built_lake).code == 0


def test_the_default_memory_is_one_that_may_be_given(tmp_path: Path) -> None:
    default = next(setting.default for setting in SETTINGS if setting.name == "memory")
    assert load({"memory": default}, environment={}, folder=tmp_path).text("memory") == default
    with pytest.raises(BadSetting):
        load({"memory": "8 gigabytes"}, environment={}, folder=tmp_path)
