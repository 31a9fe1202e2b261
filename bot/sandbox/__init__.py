"""A small local Bot API server to run the real bot against: nothing leaves this machine."""

from bot.sandbox.people import Group, Person
from bot.sandbox.server import Sandbox

__all__ = ["Group", "Person", "Sandbox"]
