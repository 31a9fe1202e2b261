"""What more than one test module needs, each once; a module is named by what it holds.

The folder is flat, as tests of every room use it.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
