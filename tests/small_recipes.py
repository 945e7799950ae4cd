"""One recipe of every kind, whole with its ancestry; a test changes a field and looks again."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from calibration.engine.decoding import Decoding
from calibration.methods import FittedTemperature, FutureEntropy, OneStep
from calibration.recipes import (
    Absent,
    CalibrationRecipe,
    ExamplesRecipe,
    FitRecipe,
    Identity,
    Member,
    ModelIdentity,
    Recipe,
    ReportRecipe,
    RescoresRecipe,
    SamplesRecipe,
    ScoresRecipe,
    SourceIdentity,
    StudyFitRecipe,
    SummaryRecipe,
    TextsRecipe,
    TheoryEntry,
    TheoryRecipe,
    VerdictRecipe,
)

Record = TypeVar("Record", bound=Identity)

SOURCE = SourceIdentity(kind="files", content="c0", column="text", cluster="author")
TEXTS = TextsRecipe(source=SOURCE, span_bytes=96, examples=16, seed=0)
EXAMPLES = ExamplesRecipe(texts=TEXTS, tokenizer="t0", prompt=4, continuation=8, unit="tokens")
MODEL = ModelIdentity(weights="w0", precision="float32")
SAMPLES = SamplesRecipe(
    examples=EXAMPLES,
    model=MODEL,
    decoding=Decoding(temperature=1.0),
    at_end="continue",
    end_ids=(0, 7),
    seed=0,
)
FITTED_ON = ExamplesRecipe(
    texts=TEXTS.model_copy(update={"apart": TEXTS}),
    tokenizer="t0",
    prompt=4,
    continuation=8,
    unit="tokens",
)
CALIBRATION = CalibrationRecipe(
    examples=FITTED_ON,
    model=MODEL,
    at_end="continue",
    end_ids=(0, 7),
    seed=0,
    method=OneStep(kind="one_step"),
)
RESCORES = RescoresRecipe(samples=SAMPLES, model=MODEL)
SCORES = ScoresRecipe(
    examples=EXAMPLES,
    model=MODEL,
    decoding=Decoding(temperature=1.0),
    at_end="continue",
    end_ids=(0, 7),
)
SUMMARY = SummaryRecipe(samples=SAMPLES, scores=SCORES)
MEMBER = Member(name="small", parameters=100, non_embedding_parameters=80, summary=SUMMARY)
FIT = FitRecipe(family="chains", dataset="letters", members=(MEMBER,))
STUDY_FIT = StudyFitRecipe(fits=(FIT,))
WORDS = TheoryEntry(dataset="letters", tokenizer=None, examples=EXAMPLES, assumes="m ∝ N")
TOKENS = TheoryEntry(dataset="letters", tokenizer="small", examples=EXAMPLES, assumes="m ∝ N")
THEORY = TheoryRecipe(seed=0, entries=(WORDS, TOKENS))
REPORT = ReportRecipe(study="study", study_fit=STUDY_FIT, theory=THEORY)
VERDICT = VerdictRecipe(table=SAMPLES, suite=1)

ALL: tuple[Recipe, ...] = (
    TEXTS,
    EXAMPLES,
    CALIBRATION,
    SAMPLES,
    RESCORES,
    SCORES,
    SUMMARY,
    FIT,
    STUDY_FIT,
    THEORY,
    REPORT,
    VERDICT,
)

# What the report above is made from, and a verdict: without what only a published protocol asks,
# and what only a fitted decoding does.
OF_REPORT: tuple[Recipe, ...] = tuple(one for one in ALL if one not in (CALIBRATION, RESCORES))


def changed(record: Record, **fields: object) -> Record:
    """The same record with other fields, validated as if written so."""
    values = {name: getattr(record, name) for name in type(record).model_fields}
    return type(record).model_validate(values | fields)


def forms(recipes: Iterable[Recipe]) -> dict[str, Mapping[str, Any]]:
    """The canonical forms of some recipes and all their ancestors, by address."""
    found: dict[str, Mapping[str, Any]] = {}
    for recipe in recipes:
        found |= {recipe.address: recipe.canonical} | forms(recipe.parents)
    return found


def variants() -> dict[str, Recipe]:
    """Every recipe above, and each with one field of its own changed, by what was changed."""
    other_source = changed(SOURCE, content="c1")
    changes: dict[Recipe, dict[str, object]] = {
        TEXTS: {"source": other_source, "span_bytes": 97, "examples": 17, "seed": 1},
        EXAMPLES: {
            "texts": changed(TEXTS, seed=1),
            "tokenizer": "t1",
            "prompt": 5,
            "continuation": 9,
        },
        CALIBRATION: {
            "examples": changed(FITTED_ON, prompt=5),
            "model": changed(MODEL, precision="bfloat16"),
            "at_end": "stop",
            "end_ids": (0,),
            "seed": 1,
            "method": FittedTemperature(kind="temperature", fit="ent_ce"),
        },
        SAMPLES: {
            "examples": changed(EXAMPLES, prompt=5),
            "model": changed(MODEL, precision="bfloat16"),
            "decoding": Decoding(temperature=0.9),
            "at_end": "stop",
            "end_ids": (0,),
            "seed": 1,
        },
        SCORES: {
            "examples": changed(EXAMPLES, prompt=5),
            "model": changed(MODEL, weights="w1"),
            "decoding": Decoding(temperature=0.9),
            "at_end": "stop",
            "end_ids": (),
        },
        RESCORES: {
            "samples": changed(SAMPLES, seed=1),
            "model": changed(MODEL, precision="four-bit"),
        },
        SUMMARY: {"samples": changed(SAMPLES, seed=1), "scores": changed(SCORES, at_end="stop")},
        FIT: {
            "family": "other",
            "dataset": "other",
            "x": "tokens",
            "level": 0.9,
            "members": (MEMBER, changed(MEMBER, name="large")),
        },
        STUDY_FIT: {"fits": (FIT, changed(FIT, x="tokens"))},
        THEORY: {"seed": 1, "entries": (TOKENS,)},
        REPORT: {
            "study": "other",
            "study_fit": StudyFitRecipe(fits=()),
            "theory": changed(THEORY, seed=1),
        },
        VERDICT: {"table": SCORES, "suite": 2},
    }
    found: dict[str, Recipe] = {recipe.KIND: recipe for recipe in ALL}
    for recipe, fields in changes.items():
        for name, value in fields.items():
            found[f"{recipe.KIND}.{name}"] = changed(recipe, **{name: value})
    for name, value in {
        "tokens": 1,
        "trained_until": 2024,
        "chat": True,
        "base": "tiny",
        "parameters": 101,
        "non_embedding_parameters": 81,
    }.items():
        found[f"fits.members.{name}"] = changed(FIT, members=(changed(MEMBER, **{name: value}),))
    for name, value in {
        "dataset": "other",
        "tokenizer": "large",
        "examples": changed(EXAMPLES, prompt=5),
        "assumes": "nothing",
    }.items():
        found[f"theories.entries.{name}"] = changed(
            THEORY, entries=(WORDS, changed(TOKENS, **{name: value}))
        )
    found["texts.tails"] = changed(TEXTS, tails="all")
    found["texts.independent"] = changed(TEXTS, independent="passages")
    found["examples.unit"] = changed(EXAMPLES, unit="bytes")
    found["examples.text_end"] = changed(EXAMPLES, text_end=7)
    found["examples.form"] = changed(EXAMPLES, form="question-answer")
    found["examples.template"] = changed(EXAMPLES, form="chat", template="t")
    found["examples.whole"] = changed(EXAMPLES, whole=9)
    found["texts.spans"] = changed(TEXTS, spans="first", shortest=5, longest_context=9)
    found["reports.absent"] = changed(REPORT, absent=(Absent(model="gone", why="no"),))
    methods = {
        "least": FittedTemperature(kind="temperature", fit="log_loss"),
        "likeliest": OneStep(kind="one_step", likeliest=128),
        "block": OneStep(kind="one_step", block=64),
        "future": FutureEntropy(kind="future_entropy"),
        "horizon": FutureEntropy(kind="future_entropy", horizon=8),
        "rounds": FutureEntropy(kind="future_entropy", rounds=1),
    }
    for name, method in methods.items():
        found[f"calibrations.method.{name}"] = changed(CALIBRATION, method=method)
    for recipe in (SAMPLES, SCORES):
        found[f"{recipe.KIND}.calibration"] = changed(recipe, calibration=CALIBRATION)
    found["texts.apart"] = changed(TEXTS, apart=changed(TEXTS, seed=1))
    found["samples.draws"] = changed(SAMPLES, draws=2)
    found["summaries.rescored"] = changed(SUMMARY, rescored=RESCORES)
    found["summaries.alignment"] = changed(SUMMARY, alignment="slipped")
    found["samples.natural"] = changed(SAMPLES, at_end="natural")
    for name in ("kind", "split", "subset", "column", "cluster", "year"):
        source = changed(SOURCE, **{name: "changed"})
        found[f"texts.source.{name}"] = changed(TEXTS, source=source)
    return found
