"""Where texts come from, as a study file writes it. A kind of source is a class here, no more.

`column`, `context`, `cluster` and `year` name columns of a table. A context is what a text answers:
an instruction or a problem, which stands before it and is not measured.
"""

from typing import Annotated, Literal

from pydantic import Field

from calibration.entry import Entry


class SpeechesSource(Entry):
    """The State of the Union messages; one split serves training, stopping and measuring."""

    kind: Literal["speeches"]
    split: Literal["train", "stop", "held-out"] = "held-out"


class FilesSource(Entry):
    """Local files: .txt is one text a file; .jsonl, .csv and .parquet are one text a row."""

    kind: Literal["files"]
    path: str  # may hold * and **
    column: str = "text"
    context: str | None = None
    cluster: str | None = None
    year: str | None = None  # when each text was written


class HubSource(Entry):
    """A data set of the Hugging Face hub, or a local directory laid out as one."""

    kind: Literal["hub"]
    dataset: str
    subset: str | None = None  # the hub calls it a configuration
    split: str = "train"
    revision: str | None = None
    column: str = "text"
    context: str | None = None
    cluster: str | None = None
    year: str | None = None


class PythonSource(Entry):
    """The modules of Python's standard library, without its tests."""

    kind: Literal["python-source"]


# The three data sets of Cao, Valiant and Liang (2025), read as they read them. Commits are pinned
# where one is known (that of WikiText-103 is not): what a branch means moves, and rows with it. The
# training splits are the published choice, for want of 5,000 long texts in the others; models have
# seen them.
class WikitextSource(Entry):
    """Articles of WikiText-103, each from its beginning."""

    kind: Literal["wikitext"]
    dataset: str = "iohadrubin/wikitext-103-raw-v1"
    revision: str | None = None
    split: str = "train"


class WritingPromptsSource(Entry):
    """Stories, each an answer to the prompt that asked for it; the prompt is the cluster."""

    kind: Literal["writingprompts"]
    dataset: str = "euclaise/writingprompts"
    revision: str | None = "35f0aa359452ba8147b34d925684fccee26679cc"
    split: str = "train"


class CodeContestsSource(Entry):
    """Solutions, the longest of each problem in ASCII; the problem is the cluster."""

    kind: Literal["codecontests"]
    dataset: str = "deepmind/code_contests"
    revision: str | None = "802411c3010cb00d1b05bad57ca77365a3c699d6"
    split: str = "all"  # its splits one after the other


PublishedSource = WikitextSource | WritingPromptsSource | CodeContestsSource
Source = Annotated[
    SpeechesSource | FilesSource | HubSource | PythonSource | PublishedSource,
    Field(discriminator="kind"),
]

SOURCES: dict[str, type[Entry]] = {
    "speeches": SpeechesSource,
    "files": FilesSource,
    "python-source": PythonSource,
    "hub": HubSource,
    "wikitext": WikitextSource,
    "writingprompts": WritingPromptsSource,
    "codecontests": CodeContestsSource,
}


def gives_contexts(source: Source) -> bool:
    """Whether the texts of a source answer something."""
    match source:
        case FilesSource(context=column) | HubSource(context=column):
            return column is not None
        case WritingPromptsSource() | CodeContestsSource():
            return True
        case _:
            return False


def begins_texts(source: Source) -> bool:
    """Whether a source gives the beginnings of its texts alone: an answer begins at its context."""
    return gives_contexts(source) or isinstance(source, WikitextSource)
