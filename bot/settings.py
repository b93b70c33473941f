"""What the environment decides: `MOTCUA_*` variables, or the same lines in a file `.env`."""

from pathlib import Path

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from knowledge.refusal import Refusal


class Settings(BaseSettings):
    """Read once at start and passed down; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix="MOTCUA_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder of the built-in database; made at the first start.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL address of the database; without it an SQLite file is used.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Network address to listen on; 0.0.0.0 lets other machines in.",
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on.")
    public_url: AnyHttpUrl | None = Field(
        default=None,
        description="Address under which citizens reach the service, as the proxy publishes it.",
    )

    telegram_token: SecretStr | None = Field(
        default=None, description="Token of the Telegram bot, from @BotFather."
    )
    telegram_api: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://api.telegram.org"),
        description="Address of Telegram's Bot API, or of a Bot API server of one's own.",
    )
    telegram_secret: SecretStr | None = Field(
        default=None,
        description="Secret that Telegram sends with each update; without it one is derived.",
    )
    telegram_rate: int = Field(
        default=30, ge=1, description="Messages a second on Telegram; more only if it allows."
    )
    zalo_app_id: str | None = Field(default=None, description="Id of the Zalo app.")
    zalo_app_secret: SecretStr | None = Field(
        default=None, description="Secret key of the Zalo app, for its access tokens."
    )
    zalo_oa_secret: SecretStr | None = Field(
        default=None, description="OA secret key of the webhook page, for Zalo's signatures."
    )
    zalo_refresh_token: SecretStr | None = Field(
        default=None, description="First refresh token of the OA; later ones are kept by us."
    )
    zalo_api: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://openapi.zalo.me"), description="Address of Zalo's OpenAPI."
    )
    zalo_oauth: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://oauth.zaloapp.com"),
        description="Address at which Zalo gives access tokens.",
    )
    zalo_rate: int = Field(
        default=100, ge=1, description="Messages a minute that the OA's package allows."
    )
    zalo_paid: int = Field(
        default=0, ge=0, description="Paid messages a month that the OA may send unasked."
    )
    zalo_template: str = Field(
        default="", description="Id of an approved ZBS template for later reminders."
    )
    zalobot_token: SecretStr | None = Field(
        default=None, description="Token of a bot of the Zalo Bot Platform."
    )
    zalobot_secret: SecretStr | None = Field(
        default=None,
        description="Secret that the Zalo bot's webhook sends; without it one is derived.",
    )
    zalobot_rate: int = Field(
        default=5, ge=1, description="Messages a second of the Zalo bot; Zalo states no limit."
    )
    zalobot_api: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://bot-api.zaloplatforms.com"),
        description="Address of the Zalo Bot Platform.",
    )
    named_days: int = Field(
        default=90, ge=1, description="Days after which a question is parted from its citizen."
    )

    @property
    def database(self) -> str:
        """Address of the database, the one given or the SQLite file in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'motcua.sqlite3'}"


def read_settings() -> Settings:
    """Read the environment; Refusal names the first setting that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "MOTCUA_" + str(first["loc"][0]).upper() if first["loc"] else "MOTCUA_*"
        raise Refusal(
            "The setting {name} cannot be used. See the README for what it may be.", name=name
        ) from None
