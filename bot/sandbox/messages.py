"""The Bot API methods that send, edit and delete messages, answer clicks and read files."""

import secrets
from collections.abc import Callable
from typing import Any

from bot.sandbox import markup
from bot.sandbox.calls import Call, File, bad_request
from bot.sandbox.chats import Chat, in_topic
from bot.sandbox.world import Telegram

MAX_TEXT_LENGTH = 4096
MAX_CAPTION_LENGTH = 1024
MAX_TOAST_LENGTH = 200
MAX_BUTTON_DATA_BYTES = 64

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


class Messages:
    """Methods about messages; `files` are the uploads, by the path to download them under."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self.files: dict[str, bytes] = {}
        self.methods: dict[str, Callable[[Call], Any]] = {
            "sendmessage": self.send_message,
            "sendphoto": self.send_photo,
            "senddocument": self.send_document,
            "sendchataction": self.send_chat_action,
            "editmessagetext": self.edit_text,
            "editmessagereplymarkup": self.edit_reply_markup,
            "deletemessage": self.delete,
            "answercallbackquery": self.answer_click,
            "getchat": lambda call: telegram.chat_of(call).facts,
            "getfile": self.get_file,
        }

    def send_message(self, call: Call) -> dict[str, Any]:
        chat = self._telegram.writable_chat_of(call)
        return self._send(chat, call, _text(call))

    def send_photo(self, call: Call) -> dict[str, Any]:
        chat = self._telegram.writable_chat_of(call)
        size = {**self._upload(call, "photo"), "width": 1, "height": 1}
        return self._send(chat, call, {"photo": [size], **_caption(call)})

    def send_document(self, call: Call) -> dict[str, Any]:
        chat = self._telegram.writable_chat_of(call)
        document = self._upload(call, "document")
        if (file := call.file("document")) is not None:
            document["file_name"] = file.name
        return self._send(chat, call, {"document": document, **_caption(call)})

    def send_chat_action(self, call: Call) -> bool:
        self._telegram.writable_chat_of(call)
        if not call.text("action"):
            raise bad_request("wrong parameter action in request")
        return True

    def edit_text(self, call: Call) -> dict[str, Any]:
        chat, message = self._own_message(call, "edit")
        without_markup = {key: message[key] for key in message if key not in ("entities", "text")}
        return self._edit(chat, message, {**without_markup, **_text(call)}, call)

    def edit_reply_markup(self, call: Call) -> dict[str, Any]:
        chat, message = self._own_message(call, "edit")
        return self._edit(chat, message, message, call)

    def delete(self, call: Call) -> bool:
        chat = self._telegram.chat_of(call)
        message = chat.messages.pop(call.integer("message_id"), None)
        if message is None:
            raise bad_request("message to delete not found")
        chat.note(self._telegram.bot, "deletion", message)
        return True

    def answer_click(self, call: Call) -> bool:
        text = call.text("text")
        if len(text) > MAX_TOAST_LENGTH:
            raise bad_request("MESSAGE_TOO_LONG")
        click = self._telegram.close_click(call.text("callback_query_id"))
        click.chat.note(self._telegram.bot, "toast", click.message, text)
        return True

    def get_file(self, call: Call) -> dict[str, Any]:
        file_id = call.text("file_id")
        if (content := self.files.get(file_id)) is None:
            raise bad_request("invalid file_id")
        return {**_file_facts(file_id, content), "file_path": file_id}

    def _send(self, chat: Chat, call: Call, content: dict[str, Any]) -> dict[str, Any]:
        content |= _inline_keyboard(call)
        if topic := call.integer("message_thread_id"):
            content |= in_topic(topic)
        if call.flag("protect_content"):
            content["has_protected_content"] = True
        if reply := call.structure("reply_parameters"):
            original = chat.messages.get(int(reply.get("message_id", 0)))
            if original is None and not reply.get("allow_sending_without_reply"):
                raise bad_request("message to be replied not found")
            if original is not None:
                flat = {key: original[key] for key in original if key != "reply_to_message"}
                content["reply_to_message"] = flat
        return chat.add(self._telegram.bot, self._telegram.now(), content)

    def _own_message(self, call: Call, purpose: str) -> tuple[Chat, dict[str, Any]]:
        chat = self._telegram.chat_of(call)
        message = chat.messages.get(call.integer("message_id"))
        if message is None:
            raise bad_request(f"message to {purpose} not found")
        if message["from"]["id"] != self._telegram.bot["id"]:
            raise bad_request(f"message can't be {purpose}ed")
        return chat, message

    def _edit(
        self, chat: Chat, before: dict[str, Any], after: dict[str, Any], call: Call
    ) -> dict[str, Any]:
        """Replace a message, and remove its keyboard if the edit has none.

        Raises Refused if nothing would change.
        """
        after = {key: after[key] for key in after if key != "reply_markup"}
        after |= _inline_keyboard(call)
        if after == before:
            raise bad_request(NOT_MODIFIED)
        after["edit_date"] = self._telegram.now()
        chat.messages[before["message_id"]] = after
        chat.note(self._telegram.bot, "edit", after)
        return after

    def _upload(self, call: Call, name: str) -> dict[str, Any]:
        """Keep the file of a call, uploaded now or known by its id, and describe it.

        Raises Refused if it is empty, or the id is not known.
        """
        file = call.file(name) or self._known(call.text(name))
        if not file.content:
            raise bad_request("file must be non-empty")
        file_id = secrets.token_urlsafe(16)
        self.files[file_id] = file.content
        return _file_facts(file_id, file.content)

    def _known(self, file_id: str) -> File:
        if (content := self.files.get(file_id)) is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return File("", content)


def _file_facts(file_id: str, content: bytes) -> dict[str, Any]:
    return {"file_id": file_id, "file_unique_id": file_id[:12], "file_size": len(content)}


def _text(call: Call) -> dict[str, Any]:
    text, entities = markup.parse(call.text("text"), call.text("parse_mode"))
    if not text.strip():
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    return {"text": text, **({"entities": entities} if entities else {})}


def _caption(call: Call) -> dict[str, Any]:
    caption, entities = markup.parse(call.text("caption"), call.text("parse_mode"))
    if len(caption) > MAX_CAPTION_LENGTH:
        raise bad_request("message caption is too long")
    if not caption:
        return {}
    return {"caption": caption, **({"caption_entities": entities} if entities else {})}


def _inline_keyboard(call: Call) -> dict[str, Any]:
    """Return the inline keyboard of a call: Telegram shows bots no other markup of a message.

    Raises Refused for a button that Telegram refuses.
    """
    reply_markup = call.structure("reply_markup") or {}
    rows = reply_markup.get("inline_keyboard")
    if not rows:
        return {}
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
        if len(button) < 2:
            raise bad_request("can't parse inline keyboard button: Text buttons are unallowed")
        if not 1 <= len(button.get("callback_data", "-").encode()) <= MAX_BUTTON_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    return {"reply_markup": {"inline_keyboard": rows}}
