"""What more than one test module needs, each once; a module is named by what it holds."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
