"""Before anything is fitted: texts to fit on that are also measured, whoever made them."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from calibration.errors import TextError
from calibration.lineage import Lineage
from calibration.recipes import Checked
from flows.place import Place
from flows.prepare import prepare_texts
from storage.resolution import resolved
from storage.result_block import ArtifactRecords
from storage.studies import read_study
from studies import model, write_models, write_study
from tasks.ingest import ingest


class MadeByOthers(Place):
    """A place in which every text and example of a study is there already."""

    def holds(self, recipes: Iterable[Checked]) -> bool:
        return True


def data_set(root: Path, name: str, *, first: int) -> dict[str, object]:
    lines = (json.dumps({"text": f"abc{number:03d}" * 9}) for number in range(first, first + 30))
    (root / f"{name}.jsonl").write_text("\n".join(lines))
    source = {"kind": "files", "path": f"{name}.jsonl"}
    return {"name": name, "source": source, "prompt": 4, "continuation": 8, "examples": 30}


def prepared(root: Path, *, first: int) -> Lineage:
    """A study that is fitted on another data set; all of its texts are made."""
    write_models(root, count=1)
    own, other = data_set(root, "own", first=0), data_set(root, "other", first=first)
    own["calibration"] = {"source": other["source"], "examples": 30}
    decodings = [{"temperature": 1.0}, {"kind": "temperature", "fit": "log_loss"}]
    path = write_study(root, models=[model(0)], datasets=[own], decodings=decodings)
    lineage = resolved(read_study(path), file=str(path))
    for recipe, dataset in lineage.texts().items():
        ingest.fn(recipe, dataset=dataset, root=str(root), store=str(root / "store"))
    return lineage


def test_texts_that_plain_studies_made_are_not_fitted_on_where_they_are_measured(
    tmp_path: Path,
) -> None:
    lineage, store = prepared(tmp_path, first=5), str(tmp_path / "store")
    with pytest.raises(TextError, match=r"data set 'own': .* found 25 of both"):
        prepare_texts(lineage, MadeByOthers(store, ArtifactRecords(location=store)))
