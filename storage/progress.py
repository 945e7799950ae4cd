"""How far the tokens of a model are: a bar on the terminal, and a bar on the page of the run.

The page's is an artifact whose key stays the same from run to run. It is a courtesy: where the
server does not take it, the work goes on.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext
from tqdm import tqdm

from calibration.report.markdown import escaped
from calibration.slugs import distinct_slug

LOG = logging.getLogger("calibration")

INTERVAL: Final = 10.0  # seconds between two looks at the page that show anything new


@contextmanager
def progress(verb: str, *, model: str, total: int) -> Iterator[Callable[[int], object]]:
    """What is told of every number of tokens more, of `total`, as far as that is known before."""
    page = _Page(verb, model, total)
    with tqdm(total=total, desc=f"{verb} {model}", unit=" tokens", disable=None) as bar:

        def more(tokens: int) -> None:
            bar.update(tokens)
            page.more(tokens)

        yield more
        bar.total = bar.n
    page.end()


class _Page:
    """The artifact of what one model makes; nothing outside a run."""

    def __init__(self, verb: str, model: str, total: int) -> None:
        self._title, self._total, self._done = escaped(f"{verb} {model}"), total, 0
        self._key = f"{distinct_slug(model)}-{verb}"
        self._begun = self._shown = time.monotonic()
        self._artifact: UUID | None = None
        self.show()

    def more(self, tokens: int) -> None:
        self._done += tokens
        if time.monotonic() - self._shown >= INTERVAL:
            self.show()

    def end(self) -> None:
        self._total = self._done
        self.show()

    def show(self) -> None:
        self._shown = time.monotonic()
        if TaskRunContext.get() is None:
            return
        share = 100.0 if self._done >= self._total else 100 * self._done / self._total
        said = self._said()
        try:
            if self._artifact is None:
                made = create_progress_artifact(share, key=self._key, description=said)
                assert isinstance(made, UUID)  # a coroutine only where a loop runs
                self._artifact = made
            else:
                update_progress_artifact(self._artifact, progress=share, description=said)
        except httpx.HTTPError as error:
            LOG.debug("the page does not show how far %s is: %s", self._title, error)

    def _said(self) -> str:
        seconds = self._shown - self._begun
        far = f"{self._title}: {self._done:,} of {self._total:,} tokens"
        if not self._done or not seconds:
            return far
        pace = self._done / seconds
        if self._done > self._total:
            return f"{far} that were expected, {pace:,.0f} a second"
        left = timedelta(seconds=round((self._total - self._done) / pace))
        return f"{far}, {pace:,.0f} a second, {left} left"
