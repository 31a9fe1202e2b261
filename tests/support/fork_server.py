"""Run a program in forks of a process that has imported everything: importing takes seconds.

Each message on the socket is a program to start: arguments, folder and environment in JSON, with
three descriptors, for its stdout, its stderr and a report. The report is two lines: the number of
the new process and, once it has ended, its exit status, or less than zero for a signal.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable

MAX_MESSAGE_BYTES = 1 << 20


def serve(requests: socket.socket, program: Callable[[], object]) -> None:
    """Start the program for each request until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch a program
    gc.freeze()  # looking through all that was imported, a program took most of a second to end
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, MAX_MESSAGE_BYTES, 3)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            watch(program, message, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(
    program: Callable[[], object], message: bytes, output: int, errors: int, report: int
) -> None:
    """Start the program and report its number and its end."""
    number = os.fork()
    if number == 0:
        arguments, folder, environment = json.loads(message)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        for descriptor in (output, errors, report):
            os.close(descriptor)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        # The old ones were made for other files, which can seek.
        encoding = os.environ.get("PYTHONIOENCODING")
        sys.stdout = open(1, "w", encoding=encoding)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace")  # noqa: SIM115
        sys.argv = ["main.py", *arguments]
        program()
        sys.exit()
    os.close(output)
    os.close(errors)
    os.write(report, b"%d\n" % number)
    status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    os.write(report, b"%d\n" % status)
    os._exit(0)
