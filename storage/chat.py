"""One message of a user as a chat template writes it, up to where the answer begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from calibration.errors import ModelError
from calibration.prompts import Added
from storage.added import added
from storage.templates import DATE, dated, default_template

MESSAGE, ANSWER = "0451", "1540"  # that no template writes by itself


class Chat:
    """The chat template of a tokenizer. Raises ModelError where there is none, or one that fails.

    A message of the system that a template writes by itself is the template's business, and stays.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        template = default_template(tokenizer.chat_template)
        if template is None:
            raise self._unusable("none")
        self._template = template

    def rendered(self, context: str) -> str:
        """The template over one message, up to where the answer begins."""
        return f"{self._written(context, prompted=True)}{self._before_answers}"

    def echoes(self, text: str) -> bool:
        """Whether a text holds what the template writes around every message."""
        return any(words in text for words in self._words)

    @cached_property
    def added(self) -> Added:
        """What the tokenizer puts around every message, by its own account."""
        with self._telling():
            return added(self._tokenizer, self._template)

    @cached_property
    def _words(self) -> list[str]:
        found = (self.added.opening, self.added.closing)
        return [str(self._tokenizer.decode(list(ids))).strip() for ids in found if ids]

    @cached_property
    def _before_answers(self) -> str:
        """What stands before an answer where the template has no prompt for one.

        That of Llama 2 has none, and puts a space there.
        """
        asked = self._written(MESSAGE)
        if asked != self._written(MESSAGE, prompted=True):
            return ""
        before, found, _ = self._written(MESSAGE, ANSWER).removeprefix(asked).partition(ANSWER)
        return before if found else ""

    def _written(self, context: str, *answer: str, prompted: bool = False) -> str:
        messages = [{"role": "user", "content": context}]
        messages += [{"role": "assistant", "content": one} for one in answer]
        with self._telling():
            text = self._tokenizer.apply_chat_template(
                messages,
                chat_template=dated(self._template),
                tokenize=False,
                add_generation_prompt=prompted,
                date_string=DATE,
            )
        return str(text)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # a template raises whatever Python does
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise self._unusable(f"one that fails ({reason})") from error

    def _unusable(self, found: str) -> ModelError:
        return ModelError(
            f"{self._tokenizer.name_or_path}: a chat template was expected with the tokenizer, "
            f"found {found}: save one there as chat_template.jinja, or leave out `chat`"
        )
