from aiogram import Router

from . import catalogue, support


def get_handlers_router() -> Router:
    router = Router()
    router.include_router(catalogue.router)
    router.include_router(support.router)
    return router
