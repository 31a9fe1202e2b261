import logging


def setup_logging(level: str) -> None:
    logging.basicConfig(level=level, format="%(levelname)-8s %(name)s:%(lineno)d %(message)s")
