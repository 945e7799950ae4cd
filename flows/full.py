"""The flow `calibration`: a study from its texts to its report."""

import logging

from prefect import flow

from flows.measure_model import measure_model, record_place
from flows.stages import conclude, is_measured, prepare_texts
from storage.resolution import resolved
from storage.roots import write_root
from storage.store import open_store
from storage.studies import read_study

LOG = logging.getLogger("calibration")


@flow(name="calibration", flow_run_name="{study}", persist_result=False)
def calibration(study: str = "studies/quickstart.yaml", store: str = "artifacts") -> str:
    """Make whatever a study file lacks, in order; the address of its report."""
    lineage = resolved(read_study(study), file=study)
    write_root(open_store(store), lineage)
    place = record_place(store)
    prepare_texts(lineage, place)
    for model in lineage.study.models:
        if is_measured(lineage.of_model(model.name), place):
            LOG.info("measure %s: all is there", model.name)
        else:
            measure_model(study, model.name, store)
    return conclude(lineage, place)
