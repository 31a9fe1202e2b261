"""A small local Bot API server: the real bot runs against it, and nothing leaves this machine."""

from bot.sandbox.people import Group, Person
from bot.sandbox.server import Sandbox

__all__ = ["Group", "Person", "Sandbox"]
