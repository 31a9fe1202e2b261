"""The commands of `main.py` that need more than a few lines. None imports aiogram."""
