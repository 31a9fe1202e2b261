from aiogram.fsm.state import State, StatesGroup


class Survey(StatesGroup):
    colour = State()
    age = State()
