"""Chat templates: where they are written, their identity, and the day that they are told.

A template may put the day into the prompt. It is told the same one always, so that a prompt of
today is that of tomorrow. Imports nothing heavy, since identities are asked for by every command.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Final

from storage.contents import Folder

TEMPLATE, SETTINGS = "chat_template.jinja", "tokenizer_config.json"
# The day that templates which cannot know it state, those of Llama 3.1 first of all.
DAY: Final = date(2024, 7, 26)
DATE: Final = DAY.strftime("%d %b %Y")


def template_in(folder: Folder) -> str | None:
    """The chat template beside a tokenizer, the one that transformers uses; None without one."""
    if TEMPLATE in folder.names:
        return folder.beginning(TEMPLATE, folder.size(TEMPLATE)).decode()
    if SETTINGS not in folder.names:
        return None
    try:
        settings = json.loads(folder.beginning(SETTINGS, folder.size(SETTINGS)))
    except ValueError:
        return None  # which is told where the tokenizer is read
    return default_template(settings.get("chat_template")) if isinstance(settings, dict) else None


def default_template(written: object) -> str | None:
    """The template for a conversation, of one or of several by name."""
    if isinstance(written, list):
        written = {
            one.get("name"): one.get("template") for one in written if isinstance(one, Mapping)
        }
    if isinstance(written, Mapping):
        written = written.get("default")
    return written if isinstance(written, str) else None


def template_digest(template: str | None) -> str | None:
    """The identity of a template and of the day that it is told; None without one."""
    if template is None:
        return None
    return hashlib.sha256(f"{DATE}\n{template}".encode()).hexdigest()


def dated(template: str) -> str:
    """The template with the day of today always the same."""
    # transformers hands no functions to a template, which would read the clock with its own.
    told = "".join(
        f'.replace("%{code}", "{DAY.strftime(f"%{code}")}")' for code in "aAbBdHIjmMpSyY"
    )
    clock = "{%- macro strftime_now(form) -%}{{ form" + told + " }}{%- endmacro %}"
    # The line break is eaten with the block before it: the template begins a line, as it did.
    return f"{clock}\n{template}"
