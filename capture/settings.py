"""The only reader of the environment. Everything has a default, so that nothing needs to be configured to begin."""

import os
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from capture.core.costs import Prices
from capture.core.decision import Thresholds


def _default_home() -> Path:
    return Path.home() / ".capture"


class Settings(BaseSettings):
    """Configuration of one process, from environment variables of the same (upper-case) names."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    capture_home: Path = Field(default_factory=_default_home, description="Folder of everything this machine keeps.")
    capture_api_token: SecretStr | None = Field(default=None, description="Bearer token that writing over HTTP needs.")
    capture_webhook_url: SecretStr | None = Field(
        default=None, description="Where critical quality failures and alerts go."
    )
    capture_actions_repository: str | None = Field(default=None, description="owner/name that holds the workflows.")
    capture_actions_ref: str = Field(default="main", description="Branch or tag whose workflows are dispatched.")
    capture_actions_token: SecretStr | None = Field(default=None, description="Token that may dispatch; else GitHub's.")

    capture_code_version: str | None = Field(default=None, description="Commit that runs here, noted in each job.")

    capture_recent_hours: float = Field(default=24, gt=0, description="A window this short is recent.")
    capture_run_limit: int = Field(default=50, ge=11, le=50, description="Items of one real-time run.")
    capture_small_repository: int = Field(default=1000, ge=0, description="Pull requests of a small repository.")
    capture_outside_limit: int = Field(default=1000, ge=50, description="Items in linked runs outside the rollout.")
    capture_throttle_manual: int = Field(default=300, ge=0, description="Seconds between equal requests; 0 is none.")
    capture_throttle_scheduled: int = Field(default=900, ge=0)
    capture_throttle_automatic: int = Field(default=14_400, ge=0)
    capture_price_actions_minute: float = Field(default=0.006, ge=0, description="Dollars; 0 for public repositories.")
    capture_price_inngest_execution: float = Field(default=0.00005, ge=0, description="Dollars.")

    github_token: SecretStr | None = None
    github_app_id: str | None = None
    github_app_private_key: SecretStr | None = None
    github_app_installation_id: int | None = None
    github_api_url: str = "https://api.github.com"
    github_graphql_url: str | None = Field(default=None, description="Default: GITHUB_API_URL plus /graphql.")

    supabase_url: str | None = None
    supabase_secret_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("supabase_secret_key", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_KEY"),
    )
    database_url: SecretStr | None = None

    inngest_event_key: SecretStr | None = None
    inngest_signing_key: SecretStr | None = None
    inngest_base_url: str | None = Field(default=None, description="Self-hosted Inngest; unset means Inngest Cloud.")
    inngest_dev: str | None = None
    inngest_serve_origin: str | None = Field(default=None, description="Where Inngest reaches this application.")

    prefect_api_url: str | None = None

    @property
    def thresholds(self) -> Thresholds:
        """The numbers by which requests are routed and throttled."""
        return Thresholds(
            recent=timedelta(hours=self.capture_recent_hours),
            run_limit=self.capture_run_limit,
            small_repository=self.capture_small_repository,
            outside_limit=self.capture_outside_limit,
            throttle_seconds={
                "manual": self.capture_throttle_manual,
                "scheduled": self.capture_throttle_scheduled,
                "automatic": self.capture_throttle_automatic,
                "repair": 0,
                "bootstrap": 0,
            },
        )

    @property
    def prices(self) -> Prices:
        """What a runner's minute and an execution cost."""
        return Prices(self.capture_price_actions_minute, self.capture_price_inngest_execution)

    @property
    def graphql_url(self) -> str:
        """GitHub's GraphQL endpoint."""
        return self.github_graphql_url or f"{self.github_api_url.rstrip('/')}/graphql"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()


def shell_environment() -> dict[str, str]:
    """The whole environment of this process, for the processes that it starts."""
    return dict(os.environ)
