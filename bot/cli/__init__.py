"""The command line: `app.py` lists the commands, and each group has its own module."""
