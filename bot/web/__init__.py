"""The admin page: read-only aggregates in a browser, or inside Telegram.

A static shell holds no data. Its script gets a session for a one-time link or Telegram's init data,
and then asks for parts of HTML that the server has rendered.
"""
