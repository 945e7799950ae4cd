"""Processes that seal one artifact at once, each with other contents, as two graphics cards may.

A program of its own, so that it forks before anything starts a thread: `python rival_seals.py
DIRECTORY ROUNDS`. Prints the manifest that each rival was given back, by round, as JSON.
"""

import json
import os
import sys
from pathlib import Path

import polars as pl
from small_recipes import TEXTS, changed

from calibration.recipes import TextsRecipe
from storage.drafts import Draft
from storage.local import LocalStore
from storage.provenance import code_commit

RIVALS, PARTS, ROWS = 3, 3, 5


def recipe_of(number: int) -> TextsRecipe:
    return changed(TEXTS, seed=number)


def part(rival: int, index: int) -> pl.DataFrame:
    """What one rival finds in one part."""
    return pl.DataFrame({"rival": [rival] * ROWS, "index": [index] * ROWS})


def seal(store: LocalStore, recipe: TextsRecipe, rival: int, start: int) -> str:
    draft = Draft(store, recipe)
    os.read(start, 1)  # returns once all may begin
    files = [
        draft.write_table(part(rival, index), table="rows", index=index) for index in range(PARTS)
    ]
    return draft.seal(files, title="rivals").content


def sealed_at_once(store: LocalStore, recipe: TextsRecipe) -> list[str]:
    """The content that each rival's seal returned."""
    answers, answer = os.pipe()
    start, starting = os.pipe()
    for rival in range(RIVALS):
        if os.fork() == 0:
            os.close(starting)
            os.write(answer, seal(store, recipe, rival, start).encode() + b"\n")
            os._exit(0)
    os.close(answer)
    os.close(start)
    os.close(starting)
    for _ in range(RIVALS):
        os.wait()
    with os.fdopen(answers) as lines:
        return lines.read().split()


if __name__ == "__main__":
    code_commit()  # asks git, once
    place = LocalStore(Path(sys.argv[1]))
    rounds = range(int(sys.argv[2]))
    json.dump([sealed_at_once(place, recipe_of(number)) for number in rounds], sys.stdout)
