"""The pull step of every deployment: flows run from this project's folder, wherever it lies on the machine."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def project_folder() -> dict[str, str]:
    """The project's folder here; a path written down at registration would be wrong on a GitHub runner."""
    return {"directory": str(PROJECT)}
