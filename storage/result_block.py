"""Prefect's result storage, laid over a store: a record counts only beside a complete artifact."""

from prefect.filesystems import WritableFileSystem

from storage.artifacts import is_complete_at
from storage.records import parsed_record, stored_record
from storage.store import open_store


class ArtifactRecords(WritableFileSystem):
    """Reads and writes Prefect's records in the directories of a store's artifacts.

    A record stands below its own sha256, so that a damaged one is a miss. Prefect calls the plain
    names with `_sync=True` and the others from its event loop; a store answers at once, so that
    both are one.
    """

    _block_type_name = "Calibration artifact records"
    location: str

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The record at a key; ValueError, which is a miss, unless its artifact is complete."""
        store = open_store(self.location)
        directory = path.rpartition("/")[0]
        try:
            content = parsed_record(path, store.read(path))
        except KeyError:
            raise ValueError(f"no record at {path}") from None
        if not is_complete_at(store, directory):
            raise ValueError(f"{directory} is not complete, so no record of it counts")
        return content

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Put a record at a key."""
        open_store(self.location).write(path, stored_record(path, content))

    async def aread_path(self, path: str) -> bytes:
        return self.read_path(path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        self.write_path(path, content)
