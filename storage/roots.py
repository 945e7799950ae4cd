"""Root files: what each study resolved to, so that the store knows who wants an artifact."""

import hashlib
import json
from datetime import UTC, datetime

from calibration.lineage import Lineage
from calibration.recipes import canonical_json
from storage.store import Store

ROOTS = "roots"


def write_root(store: Store, lineage: Lineage) -> str:
    """Record a study and its addresses; the key, which depends on the study alone."""
    study = lineage.study.model_dump(mode="json")
    content = {
        "study": study,
        "addresses": [recipe.address for recipe in lineage.recipes()],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    key = f"{ROOTS}/{hashlib.sha256(canonical_json(study).encode()).hexdigest()}.json"
    store.write(key, json.dumps(content, indent=1).encode())
    return key
