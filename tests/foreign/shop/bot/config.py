from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    bot_token: SecretStr
    bot_api: str
    admins: int
    webhook_url: str
    webhook_secret: SecretStr
    port: int
    rate_limit: float = 0.5
    log_level: str = "INFO"

    @property
    def webhook_path(self) -> str:
        return "/" + self.webhook_url.rsplit("/", 1)[1]


settings = Settings()
