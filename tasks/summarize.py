"""summarize: samples and scores into sums, moments, the gate's statistics, and texts to read."""

from prefect import task

from calibration.edges import edge_difference
from calibration.expected import spread_facts
from calibration.measurement import as_rescored
from calibration.reading import readings
from calibration.recipes import SummaryRecipe
from calibration.statistics.consistency import summary_gate
from calibration.statistics.precision import components
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.statistics.texts import summary_spread, summary_texts
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.drafts import Draft
from storage.store import open_store
from storage.verdicts import read_judged
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint


@task(
    task_run_name="summarize {title}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def summarize(recipe: SummaryRecipe, *, title: str, checkpoint: Checkpoint, store: str) -> str:
    """Make the Summary of one model on one data set under one decoding; the address.

    The tokenizer of the checkpoint spells the texts to read.
    """
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    draft = Draft(place, recipe)
    source = recipe.samples.examples
    samples, scores, examples, spans = (
        read_judged(place, parent, VERSIONS[parent.KIND], table=parent.KIND)
        for parent in (recipe.samples, recipe.scores, source, source.texts)
    )
    replay = read_judged(place, recipe.samples, VERSIONS["samples"], table="replay")
    if recipe.rescored is not None:
        other = read_judged(place, recipe.rescored, VERSIONS["rescores"], table="rescores")
        samples = as_rescored(samples, other)
    steps = stepwise(
        samples,
        scores,
        examples,
        unit=source.unit,
        at_end=recipe.samples.at_end,
        losses=recipe.alignment,
    )
    edge = edge_difference(recipe.samples.asked, recipe.samples.model.precision)
    texts = summary_texts(steps, samples, examples, spans)
    token = read_vocabulary(checkpoint).token
    tables = {
        "examples": summary_examples(steps),
        "positions": summary_positions(steps),
        "texts": texts,
        "spread": summary_spread(steps),
        "gate": summary_gate(replay, edge=edge),
        "readings": readings(samples, scores, examples, texts=texts, token=token),
    }
    files = [draft.write_table(frame, table=name) for name, frame in tables.items()]
    facts = spread_facts(components(tables["examples"]))
    draft.seal(files, title=title, facts=facts)
    return recipe.address
