"""Secrets of the Prefect server: a run has them, the environment comes first, and nothing tells."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hub_server import Hub, served
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect_host import LISTED

from calibration.errors import ServerError
from flows.granted import BUCKET, HUB, granted
from storage.result_block import ArtifactRecords
from studies import model, write_models, write_study

pytestmark = pytest.mark.usefixtures("prefect_server")

ROOT = Path(__file__).parents[2]
TOKEN = "hf_PlantedInABlockOfTheServer"
KEY = "PlantedSecretKeyOfABucket"
(HUB_BLOCK,) = HUB
ACCESS, SECRET, SESSION = BUCKET
RUN = """
import sys
from flows.granted import granted
from flows.measure_model import measure_model
from flows.place import record_place
from flows.prepare import prepare_texts
from storage.resolution import resolved
from storage.studies import read_study

study, store = sys.argv[1:]
with granted():
    prepare_texts(resolved(read_study(study), file=study), record_place(store))
measure_model(study, "m0", store)
"""


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of who is asking."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "HF_", "HUGGING_FACE_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def blocks(prefect_server: None) -> Iterator[None]:
    """A token and the keys of a bucket, each in a block."""
    saved = {HUB_BLOCK: TOKEN, ACCESS: "AKIA", SECRET: KEY}
    for name, value in saved.items():
        Secret(value=value).save(name)
    yield
    for name in saved:
        Secret.delete(name)


def variables() -> dict[str, str]:
    """What a run finds in its environment."""
    names = [*HUB.values(), *BUCKET.values()]
    with granted():
        return {name: os.environ[name] for name in names if name in os.environ}


def test_a_server_without_blocks_grants_nothing() -> None:
    assert variables() == {}


def test_a_block_of_another_kind_is_no_secret() -> None:
    ArtifactRecords(location="artifacts").save(HUB_BLOCK)
    try:
        assert variables() == {}
    finally:
        ArtifactRecords.delete(HUB_BLOCK)


@pytest.mark.parametrize("value", [{"token": TOKEN}, "", f"{TOKEN}\0"])
def test_a_block_that_holds_no_text_is_a_sentence_without_it(value: object) -> None:
    Secret(value=value).save(HUB_BLOCK)
    try:
        with pytest.raises(ServerError, match="was expected to hold a secret as text") as caught:
            variables()
        assert TOKEN not in str(caught.value)
    finally:
        Secret.delete(HUB_BLOCK)


def test_a_run_has_the_secrets_of_the_server_and_leaves_none_behind(
    blocks: None,
) -> None:
    assert variables() == {
        "HF_TOKEN": TOKEN,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": KEY,
    }
    assert not {*HUB.values(), *BUCKET.values()} & set(os.environ)
    with pytest.raises(ZeroDivisionError), granted():
        raise ZeroDivisionError
    assert not {*HUB.values(), *BUCKET.values()} & set(os.environ)


@pytest.mark.parametrize(
    ("stated", "lacking"),
    [
        ("HF_TOKEN", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        ("HUGGING_FACE_HUB_TOKEN", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        ("AWS_ACCESS_KEY_ID", ["HF_TOKEN"]),
        ("AWS_PROFILE", ["HF_TOKEN"]),
    ],
)
def test_what_the_environment_states_comes_first_with_all_that_belongs_to_it(
    blocks: None, monkeypatch: pytest.MonkeyPatch, stated: str, lacking: list[str]
) -> None:
    monkeypatch.setenv(stated, "of this host")
    found = variables()
    assert sorted(set(found) - {stated}) == lacking
    assert found.get(stated, "of this host") == "of this host"
    assert os.environ[stated] == "of this host"


def test_without_a_server_nothing_is_asked(blocks: None) -> None:
    # A server that is started for one run knows the same blocks, and is not started for them.
    with temporary_settings({PREFECT_API_URL: None}):
        assert variables() == {}


def test_a_token_of_the_server_opens_a_gated_model_and_appears_nowhere(
    blocks: None, tmp_path: Path
) -> None:
    write_models(tmp_path, count=1)
    gated = model(0) | {"hub": "owner/gated"}
    study = write_study(
        tmp_path,
        models=[{key: value for key, value in gated.items() if key != "path"}],
        decodings=[{"temperature": 1.0}],
    )
    store = tmp_path / "store"
    hub = Hub(
        {"owner/gated": tmp_path / "m0"},
        gated=("owner/gated",),
        readers={TOKEN: ("owner/gated",)},
    )
    with served(hub) as address:
        ended = subprocess.run(
            [sys.executable, "-c", RUN, str(study), str(store)],
            cwd=ROOT,
            env={
                **os.environ,
                "PREFECT_API_URL": str(get_current_settings().api.url),
                "PREFECT_LOGGING_LEVEL": "DEBUG",
                "PREFECT_LOGGING_EXTRA_LOGGERS": "calibration,huggingface_hub,httpx",
                "HF_ENDPOINT": address,
                "HF_HOME": str(tmp_path / "hub"),
                "HF_DEBUG": "1",
            },
            capture_output=True,
            check=False,
        )
    said = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == 0, said
    assert "model.safetensors" in hub.fetched()
    kept = b"".join(path.read_bytes() for path in files(store))
    for secret in (TOKEN, KEY):
        assert secret not in said
        assert secret.encode() not in kept
        assert secret not in told_by_the_server()
        assert not any(secret.encode() in one.read_bytes() for one in files(tmp_path / "hub"))


def files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


def told_by_the_server() -> str:
    """All that it says to whoever does not ask for secrets."""
    url = get_current_settings().api.url
    kinds = (*LISTED, "block_documents", "events")
    answers = [httpx.post(f"{url}/{kind}/filter", json={}).raise_for_status() for kind in kinds]
    with get_client(sync_client=True) as client:
        document = client.read_block_document_by_name(HUB_BLOCK, "secret", include_secrets=False)
    return json.dumps([answer.json() for answer in answers]) + document.model_dump_json()
