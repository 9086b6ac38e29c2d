"""Downloads from the Hugging Face hub; the only importer of huggingface_hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import DataError, DependencyError

MODEL = "model"
DATASET = "dataset"


def download(repository: str, kind: str, patterns: Sequence[str], remedy: str, to: Path | None = None) -> Path:
    """Download the files of a repository that fit the patterns; the folder they are in.

    The folder is hub's cache, where its name is the commit, or `to`. What is there already is not fetched again.
    `remedy` says what to do where no hub can be reached.

    Raises:
        DataError: no such repository, no access, no network. DependencyError: no huggingface_hub.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError
    except ImportError as error:
        raise DependencyError(
            "downloads need huggingface_hub",
            "no package huggingface_hub",
            f"Install 'entrocraft-harness[data]'. Or: {remedy}",
        ) from error
    # The base of the errors of the HTTP client, which is another package in each major version of huggingface_hub.
    transport: type[BaseException] = HfHubHTTPError.__mro__[1]
    try:
        return Path(snapshot_download(repository, repo_type=kind, allow_patterns=list(patterns), local_dir=to))
    except GatedRepoError as error:
        raise DataError(
            f"{repository} must be open to your account",
            "access refused by the hub",
            "Accept its terms on its page and log in: hf auth login.",
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(
            f"the hub must have a {kind} of the given name", repr(repository), "Write OWNER/NAME as on its page."
        ) from error
    except (transport, OSError) as error:
        lines = str(error).removeprefix("Got: ").splitlines() or [type(error).__name__]
        raise DataError(f"{repository} must come from the hub or be in its cache", lines[0], remedy) from error
