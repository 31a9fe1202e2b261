"""Every public name is described where it stands, and on one page."""

import re
from types import ModuleType

import pytest

import analytics
import analytics.telegram
from tests.support import api


def test_the_page_is_what_the_docstrings_say() -> None:
    """If not: `python -m tests.support.api`."""
    assert api.PAGE.read_text("utf-8") == api.page()


@pytest.mark.parametrize("module", [analytics, analytics.telegram], ids=lambda each: each.__name__)
def test_every_public_name_is_on_it_once(module: ModuleType) -> None:
    listed = [
        name
        for source, _, names in api.GROUPS
        for name in re.findall(r"(?<!\S)\w+(?!\S)", names)
        if source == module.__name__
    ]
    # A name that both have is listed once.
    others = {name for source, _, names in api.GROUPS for name in names.split()}

    assert len(listed) == len(set(listed))
    assert set(listed) <= set(module.__all__) <= others


def test_every_name_and_method_on_it_is_described() -> None:
    """No definition is followed by another one, or by a heading."""
    undescribed = re.findall(
        r"((?:^    .*\n)+)\n+(?=#|    |\Z)", api.PAGE.read_text("utf-8"), re.MULTILINE
    )

    assert undescribed == []
