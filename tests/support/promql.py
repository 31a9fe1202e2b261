"""Read which metrics and labels a PromQL expression asks for."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|[\d.]+\w*|[^\s\w]')
WORD = re.compile(r"[A-Za-z_:][\w:]*")
# What is followed by labels in brackets.
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
OPERATORS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"}


@dataclass
class Query:
    """What an expression asks for."""

    metrics: set[str] = field(default_factory=set)
    matched: set[tuple[str, str]] = field(default_factory=set)
    """Metric and label, of each condition in curly brackets."""
    grouped: set[str] = field(default_factory=set)
    """The labels by which values are aggregated or joined."""


def read(expression: str) -> Query:
    """Return what an expression asks for; brackets that do not match are an AssertionError."""
    tokens = TOKEN.findall(expression)
    for opening, closing in ("()", "{}"):
        assert tokens.count(opening) == tokens.count(closing), expression
    query, metric, braces, grouping = Query(), "", False, False
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in ("{", "}"):
            braces = token == "{"
        elif token == ")":
            grouping = False
        elif not WORD.fullmatch(token) or token.lower() in OPERATORS:
            continue
        elif token in GROUPING:
            grouping = following == "("
        elif braces:
            query.matched.add((metric, token))
        elif grouping:
            query.grouped.add(token)
        elif following not in ("(", "by", "without"):  # else a function or an aggregation
            metric = token
            query.metrics.add(metric)
    return query
