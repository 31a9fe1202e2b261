"""The command line: `app.py` lists the commands, each group has a module of its own."""
