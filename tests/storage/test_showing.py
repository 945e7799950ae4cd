"""What a store shows of itself: every artifact with who wants it, and one with all around it."""

from pathlib import Path

import pytest
from small_recipes import EXAMPLES, FIT, OF_REPORT, REPORT, SAMPLES, SCORES, SUMMARY, TEXTS, VERDICT
from whole_store import (
    OTHER_REPORT,
    UNFINISHED,
    UNWANTED,
    UNWANTED_VERDICT,
    add_unwanted,
    fill,
    put,
    put_study,
)

from calibration.errors import InputError
from storage.catalogue import Catalogue, catalogue
from storage.holdings import ORDER
from storage.local import LocalStore
from storage.manifests import manifest_key
from storage.showing import Ancestor, Shown, listed, matched, shown


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path)
    fill(store)
    add_unwanted(store)
    return store


@pytest.fixture
def found(store: LocalStore) -> Catalogue:
    return catalogue(store)


def show(store: LocalStore, address: str) -> Shown:
    return shown(store, catalogue(store), address)


def test_every_artifact_is_listed_once_parents_before_children(found: Catalogue) -> None:
    rows = listed(found)
    assert len(rows) == len({one.address for one in rows}) == len(OF_REPORT) + 4
    kinds = [ORDER.index(one.kind) for one in rows]
    assert kinds == sorted(kinds)


def test_a_verdict_belongs_to_the_studies_of_its_table(store: LocalStore) -> None:
    put_study(store, OTHER_REPORT)
    studies = {one.address: one.studies for one in listed(catalogue(store))}
    assert studies[VERDICT.address] == studies[SAMPLES.address] == ("other", "study")
    assert studies[UNWANTED_VERDICT.address] == studies[UNWANTED.address] == ()
    assert studies[REPORT.address] == ("study",)


def test_states_tell_what_can_be_used(store: LocalStore) -> None:
    store.remove(manifest_key(SCORES.address))
    put(store, SCORES, first=7)
    states = {one.address: one.state for one in listed(catalogue(store))}
    assert states[SUMMARY.address] == "outdated"
    assert states[UNFINISHED.address] == "unfinished"
    assert states[SCORES.address] == states[FIT.address] == "complete"


def test_one_kind_or_one_study_can_be_listed(found: Catalogue) -> None:
    assert {one.address for one in listed(found, kind="samples")} == {
        SAMPLES.address,
        UNWANTED.address,
    }
    wanted = {one.address for one in listed(found, study="study")}
    assert {one.address for one in OF_REPORT} <= wanted
    assert wanted.isdisjoint({UNWANTED.address, UNFINISHED.address})


def test_a_kind_or_a_study_that_there_is_not_is_a_sentence(found: Catalogue) -> None:
    with pytest.raises(InputError, match=r"one of texts, examples, .* found 'sample'"):
        listed(found, kind="sample")
    with pytest.raises(InputError, match="found 'stduy': give one of 'study'"):
        listed(found, study="stduy")


@pytest.mark.parametrize(
    "text", [SAMPLES.address, SAMPLES.digest, SAMPLES.digest[:4], SAMPLES.address[:14]]
)
def test_an_address_can_be_given_by_how_it_begins(found: Catalogue, text: str) -> None:
    assert matched(found, text) == SAMPLES.address


def test_the_unfinished_and_the_damaged_can_be_shown(store: LocalStore) -> None:
    store.write(manifest_key(FIT.address), b"{")
    found = catalogue(store)
    assert shown(store, found, matched(found, UNFINISHED.digest)).state == "unfinished"
    assert shown(store, found, matched(found, FIT.digest)).state == "damaged"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SAMPLES.digest[:3], "at least 4 characters"),
        ("", "at least 4 characters"),
        ("samples/", "found 2"),
        ("0000", "found none"),
        ("../../etc/passwd", "found none"),
    ],
)
def test_what_stands_for_none_or_several_is_a_sentence(
    found: Catalogue, text: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        matched(found, text)


def test_ancestry_shows_each_ancestor_once_below_its_first_child(store: LocalStore) -> None:
    assert show(store, SUMMARY.address).ancestry == (
        Ancestor(SAMPLES.address, "samples of letters", 1),
        Ancestor(EXAMPLES.address, "examples of letters", 2),
        Ancestor(TEXTS.address, "texts of letters", 3),
        Ancestor(SCORES.address, "scores of letters", 1),
    )


def test_an_ancestor_that_is_not_there_is_shown_by_its_address(store: LocalStore) -> None:
    store.remove(manifest_key(EXAMPLES.address))
    ancestry = show(store, SCORES.address).ancestry
    assert ancestry == (Ancestor(EXAMPLES.address, None, 1),)


def test_what_was_made_from_an_artifact_is_counted_however_far_down(store: LocalStore) -> None:
    assert show(store, TEXTS.address).made_from_it == {
        "examples": 1,
        "samples": 2,
        "scores": 1,
        "summaries": 1,
        "fits": 1,
        "study-fits": 1,
        "theories": 1,
        "reports": 1,
        "verdicts": 3,
    }
    assert show(store, REPORT.address).made_from_it == {}


def test_an_artifact_that_lost_a_file_is_not_called_complete(store: LocalStore) -> None:
    assert show(store, TEXTS.address).state == "complete"
    next((store.root / TEXTS.address).glob("rows-*")).unlink()
    assert show(store, TEXTS.address).state == "incomplete"
