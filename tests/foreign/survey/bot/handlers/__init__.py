from aiogram import Router

from bot.handlers import anything, start, survey


def routers() -> tuple[Router, ...]:
    return start.router, survey.router, anything.router  # the one for anything comes last
