"""Studies that continue each prompt several times, or read own texts in four bits, end to end."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from direct import run_directly

from storage.artifacts import read_table
from storage.store import open_store
from studies import model, write_models, write_study
from tasks.report import report

EXAMPLES, DRAWS, WINDOW = 30, 3, 12
DATASET = {
    "name": "letters",
    "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
    "prompt": 4,
    "continuation": WINDOW,
    "examples": EXAMPLES,
}
CHANGES = {"decodings": [{"temperature": 1.0}]}


def ent_ce_of(root: Path, **changes: object) -> pl.DataFrame:
    study = write_study(root, models=[model(0)], **(CHANGES | changes))
    store = str(root / "store")
    lineage = run_directly(study, store, left_out=(report,))
    return read_table(open_store(store), lineage.report.study_fit, "ent_ce")


def test_samples_per_prompt_from_the_study_to_its_tables(tmp_path: Path) -> None:
    write_models(tmp_path, count=1)
    study = write_study(
        tmp_path,
        models=[model(0)],
        datasets=[DATASET | {"samples_per_prompt": DRAWS}],
        **CHANGES,
    )
    store = str(tmp_path / "store")
    lineage = run_directly(study, store, left_out=(report,))
    place = open_store(store)
    (row,) = read_table(place, lineage.report.study_fit, "ent_ce").to_dicts()
    assert row["examples"] == EXAMPLES
    assert row["tokens"] == EXAMPLES * DRAWS * WINDOW
    # Parts hold 64 rows: that of the last ones begins in the middle of an example.
    samples = read_table(place, lineage.measurements[0].samples, "samples")
    assert samples["example"].to_list() == [place // DRAWS for place in range(EXAMPLES * DRAWS)]


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs pip install -e '.[four-bit]'")
def test_a_study_scored_in_four_bits_goes_through_every_gate(tmp_path: Path) -> None:
    write_models(tmp_path, count=1)
    whole = ent_ce_of(tmp_path, datasets=[DATASET])
    packed = ent_ce_of(tmp_path, datasets=[DATASET], as_published=["four-bit"])
    for name in ("entropy", "log_loss", "teacher_entropy"):
        assert packed[name].item() == pytest.approx(whole[name].item(), abs=0.3)
        assert packed[name].item() != whole[name].item()
    assert len(list((tmp_path / "store" / "samples").glob("*/*"))) == 1
    assert len(list((tmp_path / "store" / "rescores").glob("*/*"))) == 1
