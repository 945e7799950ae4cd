"""What a plan says of precision: from the nearest measurement, else from stated defaults."""

import json
import math

import pytest
from made_up_summaries import summary
from small_recipes import (
    CALIBRATION,
    EXAMPLES,
    MODEL,
    SAMPLES,
    SOURCE,
    SUMMARY,
    TEXTS,
    changed,
    forms,
)

from calibration.engine.decoding import Decoding
from calibration.expected import (
    BYTES_A_TOKEN,
    LADDER,
    Design,
    Expected,
    Grounds,
    Guess,
    default_components,
    expected,
    expected_lines,
    guess,
    nearest,
    spread_facts,
    stated_spread,
)
from calibration.recipes import Recipe, SummaryRecipe
from calibration.statistics.precision import Components, components


def under(**fields: object) -> SummaryRecipe:
    return changed(SUMMARY, samples=changed(SAMPLES, **fields))


OTHER_MODEL = under(model=changed(MODEL, weights="w1"))
COOLER = under(decoding=Decoding(temperature=0.9))
OTHER_BOTH = under(model=changed(MODEL, weights="w1"), decoding=Decoding(temperature=0.9))
SOURCE_OF_OTHERS = changed(TEXTS, source=changed(SOURCE, content="c1"))
OTHER_TEXTS = under(examples=changed(EXAMPLES, texts=SOURCE_OF_OTHERS))
IN_BYTES = under(examples=changed(EXAMPLES, unit="bytes"))
LONGER = under(examples=changed(EXAMPLES, continuation=99, prompt=7))


def found(spread: Components, design: Design) -> Expected:
    return expected(
        EXAMPLES, design, Guess(spread, "guessed"), dataset="letters", decoding="temperature 1"
    )


def near(*known: SummaryRecipe) -> list[str]:
    """Those of some known measurements that say most about SUMMARY."""
    grounds = Grounds(forms([SUMMARY, *known]).get)
    [planned] = grounds.of([SUMMARY.address]).values()
    return nearest([planned], grounds.of(one.address for one in known))


def test_the_same_model_says_more_than_the_same_decoding() -> None:
    assert near(OTHER_BOTH, COOLER, OTHER_MODEL) == [COOLER.address]
    assert near(OTHER_BOTH, OTHER_MODEL) == [OTHER_MODEL.address]
    assert near(OTHER_BOTH) == [OTHER_BOTH.address]


def test_a_fitted_decoding_is_another_than_the_plain_one_it_holds() -> None:
    fitted, other = (
        SUMMARY.model_copy(
            update={
                side: changed(getattr(SUMMARY, side), calibration=calibration)
                for side in ("samples", "scores")
            }
        )
        for calibration in (CALIBRATION, changed(CALIBRATION, seed=1))
    )
    assert near(fitted, SUMMARY) == [SUMMARY.address]
    grounds = Grounds(forms([SUMMARY, fitted, other]).get)
    planned = grounds.of([other.address]).values()
    # What fitted it is the method, whichever texts it was fitted on.
    assert nearest(list(planned), grounds.of([SUMMARY.address, fitted.address])) == [fitted.address]


def test_only_the_same_texts_in_the_same_unit_say_anything() -> None:
    assert near(OTHER_TEXTS, IN_BYTES) == []
    assert near(OTHER_TEXTS, LONGER) == [LONGER.address]


@pytest.mark.parametrize("gone", [SAMPLES, EXAMPLES, TEXTS], ids=lambda one: one.KIND)
def test_a_measurement_whose_ancestor_is_gone_says_nothing(gone: Recipe) -> None:
    known = forms([SUMMARY])
    del known[gone.address]
    assert Grounds(known.get).of([SUMMARY.address]) == {}


def test_the_widest_of_several_measurements_is_taken() -> None:
    texts = ["a", "a", "b", "b"]
    narrow, wide = (
        components(summary(texts, entropy=[spread * one for one in (1.0, 2.0, 4.0, 5.0)]))
        for spread in (0.1, 0.2)
    )
    assert narrow is not None
    assert wide is not None
    taken = guess(EXAMPLES, [("small", narrow), ("large", wide)])
    assert taken.source == "estimated from large"


def test_without_a_measurement_the_defaults_are_taken_and_said() -> None:
    taken = guess(EXAMPLES, [])
    assert taken.spread == LADDER.after(EXAMPLES.continuation)
    assert taken.source.startswith("guessed from small models")


def test_what_a_manifest_states_of_a_measurement_comes_back() -> None:
    assert stated_spread(json.loads(json.dumps(spread_facts(LADDER)))) == LADDER
    assert spread_facts(components(summary(["a", "a"], entropy=[1.0, 2.0]))) == {}
    assert stated_spread({"failure": None}) is None


def test_a_default_in_bytes_is_of_as_much_text() -> None:
    in_bytes = default_components("bytes")
    tokens = 100
    per_token = LADDER.after(tokens).example
    assert in_bytes.after(tokens * BYTES_A_TOKEN).example * BYTES_A_TOKEN == (
        pytest.approx(per_token)
    )


def test_a_design_counts_spans_and_source_texts() -> None:
    design = Design.of(["a", "b", "a", "b"])
    assert (design.examples, design.clusters, design.effective) == (4, 2, 2)


def test_uneven_source_texts_count_for_fewer() -> None:
    design = Design.of([*"aaaaaa", *"bcdefg"])
    assert (design.clusters, design.effective) == (7, pytest.approx(12**2 / (6**2 + 6)))
    even = found(LADDER, Design(examples=12, clusters=7))
    uneven = found(LADDER, design)
    assert uneven.error == even.error
    # t of 12²/42 - 1 = 2.43 degrees of freedom, for t of 6
    assert uneven.half_width / even.half_width == pytest.approx(3.6510 / 2.4469, abs=1e-3)
    assert uneven.needed.clusters >= even.needed.clusters


def test_the_error_is_that_of_the_design() -> None:
    one = found(Components(0.1, 0.3, 224), Design(examples=192, clusters=48))
    assert one.error == pytest.approx(math.sqrt(0.01 / 48 + 0.09 / 192))
    assert one.half_width == pytest.approx(2.011741 * one.error)


def test_what_examples_cannot_do_is_said_with_what_texts_would() -> None:
    lines = list(expected_lines(found(Components(0.1, 0.3, 224), Design(192, 48))))
    assert lines[0].startswith("letters at temperature 1: standard error of EntCE about 0.026 nats")
    assert "192 examples from 48 source texts" in lines[0]
    assert "cannot be had from more examples" in lines[1]
    assert "source texts of 4 examples each" in lines[1]
    assert lines[2] == "  guessed"


def test_what_examples_can_do_is_said() -> None:
    lines = list(expected_lines(found(Components(0.0, 0.3, 224), Design(192, 48))))
    assert "± 0.01 takes about 3,6" in lines[1]
    reached = list(expected_lines(found(Components(0.0, 0.01, 224), Design(192, 48))))
    assert reached[1] == "  ± 0.01 is reached"


def test_source_texts_that_were_not_counted_are_marked() -> None:
    design = Design(examples=500, clusters=500, counted=False)
    [first, *_] = expected_lines(found(LADDER, design))
    assert "500 source texts (not counted: a row is taken for one)" in first


def test_one_source_text_gives_no_interval() -> None:
    lines = list(expected_lines(found(Components(0.1, 0.3, 224), Design(8, 1))))
    assert "one source text gives no interval" in lines[0]
    assert "takes two source texts or more" in lines[1]
