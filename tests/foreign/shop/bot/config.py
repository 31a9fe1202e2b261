from os import environ


class Settings:
    bot_token = environ["BOT_TOKEN"]
    bot_api = environ["BOT_API"]
    admins = int(environ["ADMINS"])
    webhook_url = environ["WEBHOOK_URL"]
    webhook_path = "/" + webhook_url.rsplit("/", 1)[1]
    webhook_secret = environ["WEBHOOK_SECRET"]
    port = int(environ["PORT"])
    rate_limit = float(environ.get("RATE_LIMIT", "0.5"))
    log_level = environ.get("LOG_LEVEL", "INFO")


settings = Settings()
