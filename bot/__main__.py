"""`python -m bot`: the same as `python main.py`, also where the package is installed."""

from bot.cli import main

if __name__ == "__main__":
    main()
