"""Windows in bytes and texts with their ends, on chains that are perfect models: EntCE is 0."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from markov import (
    END_ID,
    LETTERS,
    Floats,
    chain,
    ending_texts,
    texts,
    write_checkpoint,
    write_segmented_checkpoint,
)

from calibration.conventions import AtEnd, Unit
from calibration.encoding import encoded
from calibration.engine.decoding import Decoding, Ending
from calibration.errors import ModelError
from calibration.measurement import sampled_part, scored_part
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.ent_ce import Estimate, estimate
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples
from calibration.text import SourceText, selected
from storage.loading import load_network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

PROMPT, WINDOW, COUNT = 6, 41, 400
RATE = 0.03  # of texts that end, a letter
PAIRS = tuple(map("".join, itertools.product(LETTERS, repeat=2)))
SEGMENTATIONS = {
    "letters": (LETTERS, "."),
    "pairs": (PAIRS, ".."),
    "lengths of one and two": (
        (*(f"a{letter}" for letter in LETTERS), *LETTERS[1:], "a"),
        "a.|[b-g]",
    ),
}


class Measured:
    """A perfect model of some texts, measured on them."""

    def __init__(
        self,
        directory: Path,
        lines: list[str],
        *,
        unit: Unit,
        at_end: AtEnd = "continue",
        end: int = END_ID,
    ) -> None:
        checkpoint = Checkpoint(str(directory))
        network = load_network(checkpoint, precision="float32")
        self.vocabulary = read_vocabulary(checkpoint)
        natural = at_end == "natural"
        self.recipe = SamplesRecipe(
            examples=ExamplesRecipe(
                texts=TextsRecipe(
                    source=SourceIdentity(kind="files", content="markov"),
                    span_bytes=100,
                    examples=COUNT,
                    seed=0,
                    tails="all" if natural else None,
                ),
                tokenizer="letters",
                prompt=PROMPT,
                continuation=WINDOW,
                unit=unit,
                text_end=end if natural else None,
            ),
            model=ModelIdentity(weights="chain", precision="float32"),
            decoding=Decoding(),
            at_end=at_end,
            end_ids=(end,),
            seed=0,
        )
        sources = [SourceText(f"{number}", "", line) for number, line in enumerate(lines)]
        asked = self.recipe.examples
        self.encoded = encoded(selected(sources, asked.texts), self.vocabulary, asked)
        self.samples = sampled_part(
            self.encoded.examples,
            network,
            self.recipe,
            sizes=np.array(self.vocabulary.lengths(range(network.vocabulary))),
            progress=lambda _: None,
        )
        (self.scores,) = scored_part(
            self.encoded.examples,
            network,
            decodings=[Decoding()],
            ending=Ending(at_end, (end,)),
        )
        steps = stepwise(self.samples, self.scores, self.encoded.examples, unit=unit, at_end=at_end)
        self.summary = summary_examples(steps)

    @property
    def windows(self) -> list[bytes]:
        """What the human tokens spell, as far as the window goes."""
        rows = self.encoded.examples.select("continuation_ids", "window").iter_rows()
        return [self.vocabulary.decode(ids)[:window] for ids, window in rows]


def segmented(directory: Path, transition: Floats, name: str) -> Measured:
    tokens, pattern = SEGMENTATIONS[name]
    write_segmented_checkpoint(directory, transition, tokens=tokens, pattern=pattern)
    lines = texts(transition, count=COUNT, length=PROMPT + WINDOW + 3, seed=23)
    return Measured(directory, lines, unit="bytes", end=len(tokens))


def test_perfect_models_of_three_segmentations_are_calibrated_per_byte(tmp_path: Path) -> None:
    own = chain(3)
    found = {name: segmented(tmp_path / name, own, name) for name in SEGMENTATIONS}
    windows = [one.windows for one in found.values()]
    assert windows[0] == windows[1] == windows[2]
    assert {len(window) for window in windows[0]} == {WINDOW}
    for name, one in found.items():
        assert one.encoded.altered == one.encoded.too_short == 0
        measured = estimate(one.summary)
        assert measured.ent_ce.low < 0 < measured.ent_ce.high, name
        assert measured.ent_ce_per_byte == pytest.approx(measured.ent_ce.value)
    entropies = [estimate(one.summary).entropy for one in found.values()]
    assert max(entropies) - min(entropies) < 0.05
    assert estimate(found["pairs"].summary).bytes_per_token_human == pytest.approx(2)


def test_generated_windows_reach_their_bytes_with_their_last_token(tmp_path: Path) -> None:
    found = segmented(tmp_path, chain(5), "lengths of one and two")
    sizes = found.samples["bytes"]
    before = sizes.list.sum() - sizes.list.last()
    assert (sizes.list.sum() >= WINDOW).all()
    assert (before < WINDOW).all()
    assert found.samples["tokens"].list.len().n_unique() > 3


def ended(directory: Path, *, unit: Unit, at_end: AtEnd) -> Measured:
    own = chain(4)
    write_checkpoint(directory, own, end_probability=RATE)
    lines = ending_texts(own, count=COUNT, longest=95, end_probability=RATE, seed=31)
    return Measured(directory, lines, unit=unit, at_end=at_end)


def bounds(found: Estimate) -> list[bool]:
    return [one.low < 0 < one.high for one in (found.ent_ce, found.drift, found.static)]


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_texts_that_keep_their_ends_are_calibrated_where_texts_end(
    tmp_path: Path, unit: Unit
) -> None:
    found = ended(tmp_path, unit=unit, at_end="natural")
    human, own = (
        frame[column].list.last() == END_ID
        for frame, column in (
            (found.encoded.examples, "continuation_ids"),
            (found.samples, "tokens"),
        )
    )
    expected = 1 - (1 - RATE) ** WINDOW
    assert human.mean() == pytest.approx(expected, abs=0.08)
    assert own.mean() == pytest.approx(expected, abs=0.08)
    measured = estimate(found.summary)
    assert bounds(measured) == [True] * 3
    assert measured.ended_share == pytest.approx(own.mean())
    assert (found.summary["steps_human"].list.last() == WINDOW).all()
    assert (found.summary["steps_generated"].list.last() == WINDOW).all()


def test_a_text_that_ends_right_after_its_prompt_is_measured(tmp_path: Path) -> None:
    found = ended(tmp_path, unit="tokens", at_end="natural")
    lengths = found.encoded.examples["continuation_ids"].list.len()
    assert (lengths == 1).any()
    alone = found.encoded.examples.filter(lengths == 1)
    assert alone["continuation_ids"].to_list() == [[END_ID]] * len(alone)


def test_a_window_of_bytes_that_the_network_cannot_see_is_a_sentence(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, chain(4))
    checkpoint = Checkpoint(str(tmp_path))
    network = load_network(checkpoint, precision="float32")
    tokens = [1] * (network.context or 0)
    examples = pl.DataFrame(
        {"prompt_ids": [[1]], "continuation_ids": [tokens], "window": [len(tokens)]}
    )
    with pytest.raises(ModelError, match="texts of at most 512 tokens were expected"):
        scored_part(examples, network, decodings=[Decoding()], ending=Ending("continue", ()))
