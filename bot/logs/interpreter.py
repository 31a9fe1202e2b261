"""Read what the interpreter says of a mistake in code, without what a person wrote.

`roll() missing 1 required positional argument: 'state'` tells a developer all, and a message of a
`raise` may quote a person. So what is kept is a sentence of CPython's own, at an instruction that
raises it by itself, and in it only names that stand in loaded code.
"""

import builtins
import re
import types
from collections.abc import Iterator
from functools import cache
from linecache import getline
from opcode import opname
from traceback import extract_tb
from types import CodeType, FunctionType, ModuleType, TracebackType

from bot.logs.own_code import own_modules

LEFT_OUT = "..."

# Sentences of CPython 3.11 to 3.14. NAME is one name, or several with dots, NAMES a list of quoted
# ones, N a number.
UNKNOWN_NAMES = """
name 'NAME' is not defined
cannot access local variable 'NAME' where it is not associated with a value
cannot access free variable 'NAME' where it is not associated with a value in enclosing scope
"""
UNKNOWN_ATTRIBUTES = """
'NAME' object has no attribute 'NAME'
'NAME' object has no attribute 'NAME' and no __dict__ for setting new attributes
type object 'NAME' has no attribute 'NAME'
module 'NAME' has no attribute 'NAME'
"""
FAILED_IMPORTS = """
No module named 'NAME'
cannot import name 'NAME' from 'NAME'
cannot import name 'NAME' from partially initialized module 'NAME'
"""
WRONG_TYPES = """
NAME() missing N required positional argument: NAMES
NAME() missing N required positional arguments: NAMES
NAME() missing N required keyword-only argument: NAMES
NAME() missing N required keyword-only arguments: NAMES
NAME() takes N positional arguments but N was given
NAME() takes N positional arguments but N were given
NAME() takes N positional argument but N were given
NAME() takes from N to N positional arguments but N were given
NAME() takes no arguments
NAME() takes no keyword arguments
NAME() got an unexpected keyword argument 'NAME'
NAME() got an unexpected keyword argument 'NAME'. Did you mean 'NAME'?
NAME() got multiple values for argument 'NAME'
NAME() got multiple values for keyword argument 'NAME'
'NAME' object is not callable
'NAME' object is not iterable
'NAME' object is not subscriptable
'NAME' object does not support item assignment
'NAME' object does not support item deletion
'NAME' object does not support the context manager protocol
'NAME' object does not support the asynchronous context manager protocol
'NAME' object can't be awaited
object NAME can't be used in 'await' expression
object of type 'NAME' has no len()
cannot unpack non-iterable NAME object
NAME() argument after * must be an iterable, not NAME
NAME() argument after ** must be a mapping, not NAME
Value after * must be an iterable, not NAME
argument of type 'NAME' is not iterable
argument of type 'NAME' is not a container or iterable
unsupported operand type(s) for OPERATOR: 'NAME' and 'NAME'
'OPERATOR' not supported between instances of 'NAME' and 'NAME'
can only concatenate NAME (not "NAME") to NAME
"""
PARTS = {
    "NAME": r"([\w.<>]+)",
    "NAMES": r"((?:'\w+'(?:, |,? and |$))+)",
    "N": r"\d{1,3}",
    "OPERATOR": r"[-+*/%@&|^<>=]{1,3}",
}


def _pattern(sentences: str) -> re.Pattern[str]:
    """Return the pattern of sentences, one a line; what may be a person's is a group."""
    escaped = [re.escape(line) for line in sentences.strip().splitlines()]
    parts = [re.sub("|".join(rf"\b{name}\b" for name in PARTS), _part, line) for line in escaped]
    return re.compile("|".join(parts))


def _part(name: re.Match[str]) -> str:
    return PARTS[name[0]]


# By kind of error: its sentences, and the instructions that raise it by themselves. `raise` is none
# of them, nor is `await`, which raises what another task says, nor is an attribute looked up by a
# call: `getattr` looks up what a person likes.
MISTAKES: dict[type[BaseException], tuple[re.Pattern[str], re.Pattern[str]]] = {
    kind: (_pattern(sentences), re.compile(instructions))
    for kinds, sentences, instructions in [
        ((NameError, UnboundLocalError), UNKNOWN_NAMES, r"(LOAD|DELETE)_(?!ATTR|METHOD)"),
        ((AttributeError,), UNKNOWN_ATTRIBUTES, r"(LOAD|STORE|DELETE|LOAD_SUPER)_(ATTR|METHOD)"),
        ((ImportError, ModuleNotFoundError), FAILED_IMPORTS, r"IMPORT"),
        (
            (TypeError,),
            WRONG_TYPES,
            r"PRECALL|CALL|BINARY|COMPARE|CONTAINS|UNARY|STORE_SUBSCR|DELETE_SUBSCR|GET|FOR_ITER"
            r"|UNPACK|BEFORE|LOAD_SPECIAL|DICT|LIST_EXTEND|SET_UPDATE",
        ),
    ]
    for kind in kinds
}
# Python's own names, and the rest of `<locals>`, `<lambda>` and of lists.
OF_PYTHON = {*dir(builtins), *dir(types), "locals", "lambda", "and"} | {
    each.__name__ for each in vars(types).values() if isinstance(each, type)
}


def mistake(error: BaseException) -> str | None:
    """Return what the interpreter says of a mistake in code, None if `error` may be anything else.

    `...` is in the place of each name that stands neither in the lines of the traceback nor in a
    function or class of the project: a person may have written it.
    """
    traceback = last = error.__traceback__
    if type(error) not in MISTAKES or traceback is None or last is None:
        return None
    while last.tb_next is not None:
        last = last.tb_next
    instruction = opname[last.tb_frame.f_code.co_code[last.tb_lasti]]
    sentences, instructions = MISTAKES[type(error)]
    text = re.sub(r"( \([^()]*\))+$", "", str(error))  # without the file of a failed import
    found = sentences.fullmatch(text)
    if found is None or not instructions.match(instruction):
        return None
    known = OF_PYTHON.union(_words_in_lines(traceback), *map(_names_in, own_modules()))
    for begin, end in reversed([place for place in found.regs[1:] if place[0] >= 0]):
        words = re.split(r"(\w+)", text[begin:end])
        kept = [word if not at % 2 or word in known else LEFT_OUT for at, word in enumerate(words)]
        text = text[:begin] + "".join(kept) + text[end:]
    return text


def _words_in_lines(traceback: TracebackType) -> Iterator[str]:
    """Yield the words in the source lines of a traceback; code that was made has no file."""
    for frame in extract_tb(traceback):
        for number in range(frame.lineno or 0, (frame.end_lineno or 0) + 1):
            yield from re.findall(r"\w+", getline(frame.filename, number))


@cache
def _names_in(module: ModuleType) -> frozenset[str]:
    """Return the names in the functions and classes of a module, but not in its variables."""
    names: set[str] = set()
    left: list[object] = list(vars(module).values())
    seen: set[int] = set()
    while left:
        value = left.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case CodeType():
                names.update((value.co_name, *value.co_names, *value.co_varnames))
                names.update((*value.co_freevars, *value.co_cellvars))
                left += value.co_consts
                for each in value.co_consts:
                    if isinstance(each, tuple):  # names of arguments, among others
                        names.update(word for word in each if isinstance(word, str))
            case FunctionType():
                left += (value.__code__, vars(value).get("__wrapped__"))
            case staticmethod() | classmethod():
                left.append(value.__func__)
            case property():
                left.append(value.fget)
            case type():
                names.add(value.__name__)
                if value.__module__ == module.__name__:
                    left += vars(value).values()
    return frozenset(names)
