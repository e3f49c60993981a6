"""Commands that messages name, as one types them here: complete, quoted, for the same lake."""

import re
import shlex
from typing import Final

from linklake.config import Settings

_COMMAND: Final = re.compile(
    r"""linklake\ (?: (?:run|gate|retract)\ [a-z_]+ | sql(?=\ ["']) | (?:crawl|ingest)(?=\ --)
        | (?:build|next|status|verify|housekeeping|report)(?!,)\b )
    (?: \ "[^"]*" | \ '[^']*' | \ --(?:crawl-id|accept|reason|domain)\ (?:"[^"]*"|'[^']*'|[\w.-]*\w)
        | \ --(?:demo|force|quick|undo|no-publish|dry-run)\b )*""",
    re.VERBOSE,
)
"""A whole command that needs a lake, wherever it stands in a message; ``linklake crawl, ingest or …`` is none."""


def in_lake(text: str, settings: Settings) -> str:
    """A message (or a command alone) whose commands are for the same lake, wherever they are typed.

    The default and the variable of the environment hold for them too; a flag, or a linklake.toml that only this folder
    has, does not.
    """
    if settings.origin("lake") in ("default", "LINKLAKE_LAKE"):
        return text
    flag = f" --lake {shlex.quote(settings.text('lake'))}"
    return _COMMAND.sub(lambda command: command[0] + flag, text)
