"""What every piece of a study file is: frozen, strict, and without a key that is not known."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

# Nothing that breaks a line, or moves the cursor of a terminal.
ON_ONE_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=ON_ONE_LINE)]


class Entry(BaseModel):
    """A frozen piece of a study; a key that is not known is an error, and no type is guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
