"""The two conventions that every measurement is made under, and that its tables name."""

from typing import Literal

Unit = Literal["tokens", "bytes"]  # of a step; every quantity is in nats a unit
AtEnd = Literal["continue", "stop", "natural"]  # what an end-of-text token means
