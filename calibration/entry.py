"""What every piece of a study file is: frozen, strict, and without a key that is not known."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Entry(BaseModel):
    """A frozen piece of a study; a key that is not known is an error, and no type is guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
