"""An artifact that is made part by part, beside others that share the work."""

from collections.abc import Mapping

import polars as pl

from storage.drafts import Draft
from storage.manifests import Manifest, StoredFile
from storage.parts import part_rows, progress_of, read_parts

Facts = Mapping[str, float | int | str | bool | None]


class Growing:
    """One table of a draft, as many rows as the examples it is made of."""

    def __init__(self, draft: Draft, examples: pl.DataFrame, *, table: str, title: str) -> None:
        self.draft, self.examples, self.title = draft, examples, title
        self._table, self._tokens, self._seconds = table, 0, 0.0
        progress = progress_of(draft, table=table, rows=len(examples))
        self._files, self.missing = progress.kept, set(progress.missing)

    def rows(self, index: int) -> pl.DataFrame:
        """The examples of one part."""
        return part_rows(self.examples, index)

    def add(self, part: pl.DataFrame, index: int, *, tokens: int, seconds: float) -> None:
        """Store a part, made of so many tokens in its share of the time."""
        self._files[index] = self.draft.write_table(part, table=self._table, index=index)
        self.missing.discard(index)
        self._tokens += tokens
        self._seconds += seconds

    def table(self) -> pl.DataFrame:
        """All rows there are, in order; every hash is checked."""
        return read_parts(self.draft.store, self.draft.recipe, self._files.values())

    def seal(self, *others: StoredFile, facts: Facts) -> Manifest:
        """Complete the artifact, with other files beside the table."""
        return self.draft.seal(
            [*self._files.values(), *others],
            title=self.title,
            tokens=self._tokens,
            seconds=self._seconds,
            facts=facts,
        )

    @property
    def pace(self) -> str:
        """What was made in this run and how fast, for the log."""
        return f"{self._tokens} tokens, {self._tokens / max(self._seconds, 1e-3):.0f} tokens/s"
