"""What stands in a page: its tables, and what is read of its charts."""

import re
from html import unescape

Table = list[list[str]]


def bare(text: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def tables(page: str) -> list[Table]:
    """The cells of each table, row by row."""
    return [
        [
            [bare(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table[^>]*>(.*?)</table>", page, re.DOTALL)
    ]


def readings(page: str) -> list[str]:
    """What is read of each column of the charts."""
    return [
        unescape(each)
        for each in re.findall(r'role="img" tabindex="-?\d" aria-label="([^"]*)"', page)
    ]


def cards(page: str) -> dict[str, str]:
    """The numbers on the cards, without their changes, by name."""
    return dict(re.findall(r"<dt>([^<]*)</dt><dd><b>([^<]*)</b>", page))
