"""`docs/api.md`, the public names and what their docstrings say: `python -m tests.support.api`."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType

from tests.support import ROOT

PAGE = ROOT / "docs" / "api.md"
WIDTH = 96
TOP = """\
# Public names

What can be imported from `analytics.telegram` and `analytics`; what most bots need comes first.
`python -m tests.support.api` writes this page from the docstrings.
"""
END = """\
Next: [add it to your own bot](extend.md).
"""
# Where each name is imported from, for what it is, and which; a name with a dot is what an
# attribute holds, as the class that is named with it.
GROUPS: list[tuple[str, str, str]] = [
    ("analytics.telegram", "Attach", "attach ALL_UPDATES Attached WebhookHandler"),
    (
        "analytics",
        "The service",
        "AnalyticsService AnalyticsService.reports=analytics.statistics.reports.Reports "
        "AnalyticsService.people=analytics.privacy.people.People "
        "AnalyticsService.links=analytics.events.links.Links "
        "AnalyticsService.notes=analytics.statistics.notes.Notes "
        "AnalyticsService.maintenance=analytics.maintenance.operations.Maintenance "
        "AnalyticsService.audit_log=analytics.privacy.audit.AuditLog "
        "AnalyticsService.alert_state=analytics.alert_state.AlertState Access",
    ),
    (
        "analytics",
        "What is recorded and reported",
        "Interaction InteractionType Event EventKind Membership ChatKind AdminReport Period "
        "PeriodReport PeriodEvents LinkCounts OwnEventCounts OutcomeCounts Missing Overview "
        "History Bucket EventDays Cohorts Cohort Note NoteRefused Aggregates ChosenDays FORMATS "
        "figures event_figures UserInteraction OwnRow StartLink PersonalData "
        "personal_data_as_json Erasure AuditEntry Action ACTION_NAMES FORMER_ADMIN Notice "
        "NotReceiving",
    ),
    (
        "analytics.telegram",
        "Parts by themselves",
        "RecordOnReceipt Dependencies admin_router people_router alerts_router privacy_button "
        "interaction_type",
    ),
    (
        "analytics.telegram",
        "Commands",
        "CommandEntry Audience ADMIN_COMMANDS PEOPLE_COMMANDS commands_of purposes Command "
        "CommandStart FromAny in_private_chat outside_private_chat",
    ),
    (
        "analytics.telegram",
        "Languages",
        "_ N_ set_languages languages set_locale current_locale LocaleMiddleware translations "
        "format_number format_percent format_date format_datetime spreadsheet",
    ),
    (
        "analytics.telegram",
        "Words and charts of reports",
        "format_figure report_warnings report_meaning type_name ChartRequest chart_request "
        "nothing_to_draw time_ticks quantiles type_color TriangleRequest triangle_request "
        "no_cohorts report_stickiness format_cell format_share row_name",
    ),
    ("analytics", "Languages without aiogram", "SOURCE_LOCALE available_languages"),
    (
        "analytics.telegram",
        "Answers",
        "place refer_to_private_chat is_not_taken TRANSIENT LimitPerPerson EXPENSIVE "
        "CLICK_TIMEOUT UPDATES_IN_FLIGHT loads OwnersCleanup",
    ),
    (
        "analytics",
        "Maintenance",
        "backup backup_into last_backup restore DailyBackups encrypt plain_leftovers move Moved "
        "MovedTable diagnose diagnose_server check_permissions Finding wipe refuse_missing "
        "maintenance_tasks Schedule Task next_planned HOURLY DAILY WEEKLY",
    ),
    (
        "analytics",
        "Keys, files and time",
        "parse_key key_file real_path Pseudonyms PlainIds GuardedClock utc_now http_date "
        "Calendar check_timezone nearest_timezones Tokens TokenKind Holder",
    ),
    (
        "analytics",
        "Defaults and limits",
        "DEFAULT_RETENTION_DAYS MIN_RETENTION_DAYS MAX_RETENTION_DAYS "
        "DEFAULT_TIMESTAMP_PRECISION DEFAULT_TIMEZONE DEFAULT_TRENDS_MIN_USERS MAX_LIMIT "
        "MAX_TELEGRAM_ID OUTCOME_TIME_BOUNDS SERVICE_ACCOUNTS",
    ),
    (
        "analytics",
        "Errors",
        "AnalyticsError NotOurDatabase DatabaseMissing DatabaseInUse DatabaseInaccessible "
        "DatabaseUnavailable DatabaseDamaged DatabaseReplaced DiskFull NewerSchema OlderSchema "
        "UnsupportedSQLite UnsupportedPostgreSQL PseudonymKeyMissing WrongPseudonymKey "
        "WrongDatabaseKey "
        "RotationRefused UnknownTimeZone InteractionsLost LinkNameInUse "
        "TooManyLinks NoSuchLink NoReportYet BackupRefused NoRoomForCopy "
        "RestoreRefused ErasuresRefused MoveRefused WipeIncomplete",
    ),
]


# Classes whose objects are made by others.
MADE_BY_OTHERS = {
    *(
        "AlertState",
        "AnalyticsService",
        "Attached",
        "AuditLog",
        "Links",
        "Maintenance",
        "People",
        "Reports",
        "Tokens",
    )
}


def page() -> str:
    """The whole page, as it is to be."""
    parts = [TOP]
    for module, heading, names in GROUPS:
        parts.append(f"## {heading}\n\nFrom `{module}`:\n")
        for name in names.split():
            shown, _, inner = name.partition("=")
            path, _, attribute = (inner or f"{module}.{name}").rpartition(".")
            parts += [f"### `{shown}`\n", *described(importlib.import_module(path), attribute)]
    return "\n".join([*parts, END])


def described(module: ModuleType, name: str) -> Iterator[str]:
    """What stands below the heading of a name: its definition without the body, and its text."""
    value = getattr(module, name)
    if inspect.ismodule(value):
        yield text(value.__doc__)
    elif callable(value):
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(value)))
        [node] = ast.parse(source).body
        assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        node.name = name
        yield from class_(node) if isinstance(node, ast.ClassDef) else function(node)
    else:
        yield from constant(name)


def class_(node: ast.ClassDef) -> Iterator[str]:
    """A class with its fields or members, and then its public methods and properties."""
    head = [f"@{ast.unparse(each)}" for each in node.decorator_list]
    bases = ", ".join(map(ast.unparse, node.bases))
    head.append(f"class {node.name}({bases})" if bases else f"class {node.name}")
    methods = []
    for each in node.body:
        match each:
            case ast.FunctionDef(name="__init__") if node.name not in MADE_BY_OTHERS:
                head += [f"    {line}" for line in signature(each)]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                methods += [each] if name[0] != "_" else []
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                head += [f"    {ast.unparse(each)}"] if name[0] != "_" else []
            case ast.Expr(value=ast.Constant(value=str(about))) if each is not node.body[0]:
                head += [f"    # {line.strip()}" for line in about.splitlines()]
    yield code(head)
    yield text(ast.get_docstring(node))
    for method in methods:
        yield from function(method)


def function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    decorators = [f"@{ast.unparse(each)}" for each in node.decorator_list]
    yield code([*decorators, *signature(node)])
    yield text(ast.get_docstring(node))


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """On one line if there is room for it, otherwise with a line for each parameter."""
    begin = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    end = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    parameters = [each for each in listed(node.args) if each not in ("self", "cls")]
    line = f"{begin} {node.name}({', '.join(parameters)}){end}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{begin} {node.name}(", *(f"    {each}," for each in parameters), f"){end}"]


def listed(arguments: ast.arguments) -> Iterator[str]:
    """The parameters, each as it is written."""
    positional = [*arguments.posonlyargs, *arguments.args]
    without = [None] * (len(positional) - len(arguments.defaults))
    for each, default in zip(positional, [*without, *arguments.defaults], strict=True):
        yield parameter(each, default)
    if arguments.vararg:
        yield f"*{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield "*"
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield parameter(each, default)
    if arguments.kwarg:
        yield f"**{ast.unparse(arguments.kwarg)}"


def parameter(node: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(node) + (f" = {ast.unparse(default)}" if default else "")


def constant(name: str) -> Iterator[str]:
    """A constant as it is written, with the comment above it, or above those that it follows."""
    definition = re.compile(rf"^((?:#.*\n)*)(?:[A-Z_]+ = .*\n)*?({name}\b[^=\n]*= )", re.MULTILINE)
    for file in sorted((ROOT / "analytics").rglob("*.py")):
        if found := definition.search(file.read_text("utf-8")):
            written = found.string[found.start(2) :]
            yield code(written.splitlines()[: ast.parse(written).body[0].end_lineno])
            yield text(re.sub("^# ?", "", found[1], flags=re.MULTILINE))
            return
    raise AssertionError(f"{name} is not defined in the analytics")


def code(lines: list[str]) -> str:
    """A block of code by its indentation."""
    return textwrap.indent("\n".join(lines), "    ") + "\n"


def text(docstring: str | None) -> str:
    """A docstring as Markdown: a line for each paragraph, an item for each parameter."""
    named = re.sub(r"^([a-z_]+(?:, [a-z_]+)*): ", r"- `\1`: ", docstring or "", flags=re.MULTILINE)
    return re.sub(r"(?<!\n)\n(?![\n-]) *", " ", named.strip()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
