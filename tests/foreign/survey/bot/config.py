import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    token: str
    api: str
    admin_ids: set[int]
    log_level: str


def load_config() -> Config:
    return Config(
        token=os.environ["BOT_TOKEN"],
        api=os.environ["BOT_API"],
        admin_ids={int(each) for each in os.environ["ADMINS"].split(",")},
        log_level=os.environ.get("LOG_LEVEL", "INFO"),
    )
