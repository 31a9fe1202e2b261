"""Run `main.py` in forks of a process that has imported everything: importing takes seconds.

Each message on the socket is a program to start: arguments, folder and environment in JSON, with
three descriptors, for its stdout, its stderr and a report. The report is two lines: the number of
the new process and, once it has ended, its exit status, or less than zero for a signal.
"""

import json
import os
import signal
import socket
import sys

import bot.run  # noqa: F401  what `main.py` imports once it runs the bot
from bot.cli.app import main

MAX_MESSAGE_BYTES = 1 << 20


def serve(requests: socket.socket) -> None:
    """Start a program for each request until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch a program
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, MAX_MESSAGE_BYTES, 3)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            watch(message, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(message: bytes, output: int, errors: int, report: int) -> None:
    """Start the program and report its number and its end."""
    program = os.fork()
    if program == 0:
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
        main()
        sys.exit()
    os.close(output)
    os.close(errors)
    os.write(report, b"%d\n" % program)
    status = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    os.write(report, b"%d\n" % status)
    os._exit(0)
