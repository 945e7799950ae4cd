"""Repositories of the Hugging Face hub: resolved to a commit once, listed by content, then fetched.

The listing of a commit names the sha256 of every large file, so that a model is known before it is
fetched. Without a network, what the hub's cache holds is used. Where that cache and the hub lie,
and who is logged in, is decided as everywhere (HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from huggingface_hub import (
    HfApi,
    constants,
    get_cached_repo_tree,
    get_token,
    hf_hub_download,
    hf_hub_url,
    resolve_revision,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,  # of whichever HTTP library it uses: a network that is not there
    IncompleteSnapshotError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from calibration.errors import InputError
from storage.contents import Folder, file_digest

Kind = Literal["model", "dataset"]

LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
UNREACHABLE = (
    HTTPError,
    RevisionResolutionError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
)


class Listed(NamedTuple):
    """A file as the listing of a commit names it."""

    size: int
    sha256: str | None  # None for a small file, whose name there is no sha256


class Repository(NamedTuple):
    """A repository at one commit."""

    name: str
    commit: str
    snapshot: Path  # where fetched files lie

    @property
    def source(self) -> str:
        """What a reader finds it by."""
        return f"{self.name}@{self.commit}"


class HubFolder:
    """The files of a model at one commit, as a `Folder`. Raises what huggingface_hub raises."""

    def __init__(self, name: str, commit: str, listing: Mapping[str, Listed]) -> None:
        self._name, self._commit = name, commit
        self._listing = listing

    @property
    def title(self) -> str:
        return f"{self._name}@{self._commit[:12]} of the hub"

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._listing)

    def size(self, name: str) -> int:
        return self._listing[name].size

    def sha256(self, name: str) -> str:
        return self._listing[name].sha256 or file_digest(self.place(name))

    def beginning(self, name: str, size: int) -> bytes:
        cached = try_to_load_from_cache(self._name, name, revision=self._commit)
        if isinstance(cached, str):
            with Path(cached).open("rb") as file:
                return file.read(size)
        url = hf_hub_url(self._name, name, revision=self._commit)
        headers = {**build_hf_headers(), "range": f"bytes=0-{size - 1}"}
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
            hf_raise_for_status(response)
            found = b""
            for block in response.iter_bytes():
                found += block
                if len(found) >= size:  # a server that does not know ranges would send all of it
                    break
        return found[:size]

    def place(self, name: str) -> Path:
        return Path(hf_hub_download(self._name, name, revision=self._commit))


@cache
def repository(
    name: str, revision: str | None, *, kind: Kind, at_once: tuple[str, ...]
) -> Repository:
    """A repository at the commit that a revision means today, the files `at_once` fetched.

    Raises what huggingface_hub raises; `hub_sentences` turns that into words.
    """
    found = resolve_revision(name, repo_type=kind, revision=revision)
    # With a file that every repository has, since it warns when there is nothing to fetch.
    wanted = [".gitattributes", *at_once]
    try:
        snapshot = snapshot_download(
            name,
            repo_type=kind,
            revision=found,
            allow_patterns=wanted,
            local_files_only=not _answers(),
        )
    except IncompleteSnapshotError as error:  # offline; what is lacking may never be asked for
        snapshot = error.snapshot_path
    return Repository(name, str(found.resolved), Path(snapshot))


@cache
def _answers() -> bool:
    """Whether anything answers at the hub's address: huggingface_hub would ask six times over half
    a minute for each repository whose commit is stated."""
    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except (HTTPError, OfflineModeIsEnabled):
        return False
    return True


def is_whole(found: Repository, *, kind: Kind) -> bool:
    """Whether every file of a repository lies on this machine, as far as can be known."""
    try:
        files = get_cached_repo_tree(found.name, repo_type=kind, revision=found.commit)
    except CachedRepoTreeNotFoundError:  # offline, and fetched by something that kept no listing
        return True
    return all((found.snapshot / one.path).is_file() for one in files)


@cache
def model_folder(found: Repository) -> Folder:
    """The files of a model, none of them fetched."""
    listing = _listing_of_hub(found) or _listing_of_cache(found)
    return HubFolder(found.name, found.commit, listing)


def _listing_of_hub(found: Repository) -> dict[str, Listed] | None:
    try:
        about = HfApi().model_info(
            found.name,
            revision=found.commit,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        )
    except OfflineModeIsEnabled:
        return None
    except HTTPError as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
            raise  # the hub has answered
        return None
    return {
        one.rfilename: Listed(one.size or 0, one.lfs.sha256 if one.lfs else None)
        for one in about.siblings or ()
    }


def _listing_of_cache(found: Repository) -> dict[str, Listed]:
    paths = (path for path in found.snapshot.rglob("*") if path.is_file())
    return {
        path.relative_to(found.snapshot).as_posix(): Listed(path.stat().st_size, None)
        for path in paths
    }


def is_verified(folder: Folder, name: str) -> bool:
    """Whether the file on this machine is the one that the folder names."""
    return file_digest(folder.place(name)) == folder.sha256(name)


@contextmanager
def hub_sentences(who: str, name: str, *, key: str, fault: type[InputError]) -> Iterator[None]:
    """What huggingface_hub raises of a repository, as one sentence; `key` is where it was asked."""
    try:
        yield
    except (*UNREACHABLE, HfHubHTTPError, EntryNotFoundError, HFValidationError) as error:
        # Never their own words: they hold addresses, and may hold what was sent.
        raise fault(f"{who}: {_reason(error, name, key)}") from None


def places() -> dict[str, str]:
    """Where the hub and its cache are on this machine, and words that say so on any."""
    return {constants.HF_HUB_CACHE: "the cache of the hub", constants.ENDPOINT: "the hub"}


def _reason(error: Exception, name: str, key: str) -> str:
    match error:
        case HFValidationError():
            return f"an id of the hub such as owner/name was expected, found {name!r}: mend `{key}`"
        case GatedRepoError() if get_token():
            return (
                f"access to {name} on the hub was expected, found it gated and closed to the "
                "account whose token was sent: accept its terms on its page with that account, "
                f"or {LOG_IN} of one that has access"
            )
        case GatedRepoError():
            return (
                f"access to {name} on the hub was expected, found it gated: accept its terms on "
                f"its page, then {LOG_IN}"
            )
        case RepositoryNotFoundError():
            return (
                f"a repository of the hub was expected, found none named {name!r} that you may "
                f"read: mend `{key}`, or, if it is private, {LOG_IN}"
            )
        case RevisionNotFoundError():
            return (
                f"a branch, tag or commit of {name} was expected, found no such one on the hub: "
                "mend `revision`"
            )
        case HfHubHTTPError(response=response) if response.status_code == 401 and get_token():
            return (
                f"access to {name} on the hub was expected, found the token refused, which is "
                f"wrong or has expired: {LOG_IN} again"
            )
        case HfHubHTTPError(response=response) if response.status_code in (401, 403):
            return f"access to {name} on the hub was expected, found it refused: {LOG_IN}"
        case HfHubHTTPError(response=response):
            return (
                f"{name} was expected on the hub, found the answer {response.status_code}: "
                "try again later"
            )
        case _:
            return (
                f"{name} was expected on the hub or in its cache, found {_network()} and not all "
                f"of it in {constants.HF_HUB_CACHE}: run once with a network, or name a copy on "
                "this machine instead"
            )


def _network() -> str:
    offline = constants.is_offline_mode()
    return "HF_HUB_OFFLINE set" if offline else f"{constants.ENDPOINT} out of reach"
