"""Connect to a PostgreSQL server, and say in a sentence what it refuses."""

import asyncio
import logging
import os
import selectors
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import conninfo, errors

from analytics.errors import (
    AnalyticsError,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseUnavailable,
    DiskFull,
)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
# What a connection has unless its URL says otherwise: a machine that went away is noticed within
# about ten seconds. A server that hangs keeps its connections: `answering_within` leaves it.
DEFAULTS = {
    "application_name": "telegram-bot-analytics",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
DEFAULT_PORT = "5432"
# libpq has no codes for what ends a connection before it begins, only these words; a server that
# speaks another language than English is not understood here, and its own words are shown.
REFUSED = (
    ("password authentication failed", "the password or the user is wrong"),
    ("no password supplied", "the server asks for a password"),
    ("no pg_hba.conf entry", "the server does not let this user in from here"),
    ("is not permitted to log in", "this user may not log in"),
    ("role", "there is no such user"),
    ("database", "there is no such database"),
)
TLS = ("certificate", "SSL")
# The beginnings of the codes of what passes: lost and refused connections, collisions, too little
# memory or room for connections, locks, shutdowns; a standby, and a transaction that waited.
PASSING = ("08", "40", "53", "55P03", "57", "25006", "25P03", "23505", "23514")
LOST = psycopg.OperationalError, psycopg.InterfaceError


class Server:
    """The server and database that a URL leads to."""

    def __init__(self, url: str) -> None:
        """Take a `postgresql://` URL. Raises DatabaseInaccessible for what is none."""
        # Its warnings quote errors, and the details of those quote references of people.
        logging.getLogger("psycopg").setLevel(logging.CRITICAL)
        try:
            self.options = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Its own message quotes the URL, and with it the password.
            raise DatabaseInaccessible(
                "DATABASE_URL is no address of a PostgreSQL database",
                "write it as postgresql://user:password@host:5432/database",
            ) from None
        hosts = str(self.options.get("host") or "localhost")
        ports = str(self.options.get("port") or DEFAULT_PORT)
        database = self.options.get("dbname") or self.options.get("user") or ""
        self.name = f"postgresql://{hosts}:{ports}/{database}"
        """The database in messages: no user, no password."""

    async def connect(self, defaults: Mapping[str, str] = DEFAULTS) -> Connection:
        """Return a new connection, which has `defaults` unless the URL says otherwise.

        Raises an AnalyticsError that says why there is none.
        """
        options: dict[str, Any] = {**defaults, **self.options, "client_encoding": "utf8"}
        try:
            # Prepared statements and a pooler in transaction mode do not go together.
            return await psycopg.AsyncConnection.connect(
                **options, autocommit=True, prepare_threshold=None
            )
        except psycopg.Error as error:
            raise self._not_connected(error) from None

    def _not_connected(self, error: psycopg.Error) -> AnalyticsError:
        message = " ".join(str(error).split())
        if "FATAL" in message:
            for words, reason in REFUSED:
                if words in message and ("does not exist" in message or len(words.split()) > 1):
                    return DatabaseInaccessible(
                        f"{self.name} cannot be opened: {reason}", "correct DATABASE_URL"
                    )
        elif isinstance(error, psycopg.ProgrammingError) or "invalid" in message:
            return DatabaseInaccessible(
                f"{self.name} has an option that cannot be: {message}", "correct DATABASE_URL"
            )
        elif any(each in message for each in TLS):
            return DatabaseInaccessible(
                f"{self.name} cannot be reached over TLS as DATABASE_URL demands: {message}",
                "set sslmode and sslrootcert to what the server has",
            )
        return DatabaseUnavailable(
            f"{self.name} cannot be reached: {message}",
            "check that the server runs and that DATABASE_URL is right",
        )

    def failed(self, error: psycopg.Error) -> AnalyticsError:
        """Return the error to raise for what the driver raised while connected."""
        if isinstance(error, errors.DiskFull):
            return DiskFull(f"the disk of {self.name} is full", "make room on the server")
        if isinstance(error, errors.InsufficientPrivilege):
            return DatabaseInaccessible(
                f"the user of DATABASE_URL lacks rights on {self.name}: {_words(error)}",
                "make this user the owner of the schema bot_analytics, and let it create in the "
                "database",
            )
        if isinstance(error, (errors.DataCorrupted, errors.IndexCorrupted)):
            return DatabaseDamaged(f"{self.name} is damaged: {_words(error)}", "restore a backup")
        code = error.sqlstate or ""
        if code.startswith(PASSING) or (isinstance(error, LOST) and not code):
            return DatabaseUnavailable(
                f"{self.name} cannot be used at the moment: {_words(error)}", "try again"
            )
        return DatabaseInaccessible(
            f"{self.name} refuses a statement: {_words(error)}",
            "check that its schema bot_analytics is as this program made it",
        )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise an AnalyticsError in place of what the driver raises, which quotes values."""
        try:
            yield
        except psycopg.Error as error:
            raise self.failed(error) from None


def _words(error: psycopg.Error) -> str:
    """Return the server's message; the details, which quote values, are left out."""
    return error.diag.message_primary or type(error).__name__


@contextmanager
def answering_within(connection: Connection, seconds: float) -> Iterator[None]:
    """Lose the connection if that takes longer, as if the server had ended it.

    Cancelling would ask the server to cancel the statement, and wait for its answer.
    """
    ending = asyncio.get_running_loop().call_later(seconds, _lose, connection)
    try:
        yield
    finally:
        ending.cancel()


def _lose(connection: Connection) -> None:
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as same,
    ):
        same.shutdown(socket.SHUT_RDWR)


def _is_lost(connection: Connection) -> bool:
    """Return whether an idle connection has ended: the server says nothing unasked but a farewell.

    What it may say beside that, as after a change of its configuration, costs a new connection.
    """
    if connection.closed:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(connection.pgconn.socket, selectors.EVENT_READ)
        return bool(selector.select(0))


class Session:
    """A connection for one statement or transaction at a time, made again when it was lost."""

    def __init__(self, server: Server, defaults: Mapping[str, str] = DEFAULTS) -> None:
        self._server = server
        self._defaults = defaults
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    @asynccontextmanager
    async def use(self, seconds: float) -> AsyncIterator[Connection]:
        """Enter with the connection; whatever is left unfinished in it ends with it.

        It is lost to whoever takes longer than `seconds`.
        """
        async with self._turn:
            if self._connection is not None and _is_lost(self._connection):
                await self.close()
                self._connection = None
            if self._connection is None:
                self._connection = await self._server.connect(self._defaults)
            connection = self._connection
            try:
                with answering_within(connection, seconds):
                    yield connection
            finally:
                if connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
                    await connection.close()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
