"""Names of interaction types, in the plural, wherever people read a report."""

from collections.abc import Mapping
from types import MappingProxyType

from analytics.marking import N_
from analytics.models import InteractionType as Type

TYPE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        Type.MESSAGE: N_("messages"),
        Type.COMMAND: N_("commands"),
        Type.BUTTON_CLICK: N_("button clicks"),
        Type.EDITED_MESSAGE: N_("edited messages"),
        Type.BUSINESS_CONNECTION: N_("business connections"),
        Type.BUSINESS_MESSAGE: N_("business messages"),
        Type.EDITED_BUSINESS_MESSAGE: N_("edited business messages"),
        Type.GUEST_MESSAGE: N_("guest messages"),
        Type.MESSAGE_REACTION: N_("reactions"),
        Type.INLINE_QUERY: N_("inline queries"),
        Type.CHOSEN_INLINE_RESULT: N_("chosen inline results"),
        Type.SHIPPING_QUERY: N_("shipping queries"),
        Type.PRE_CHECKOUT_QUERY: N_("checkouts"),
        Type.PURCHASED_PAID_MEDIA: N_("paid media purchases"),
        Type.POLL_ANSWER: N_("poll answers"),
        Type.MY_CHAT_MEMBER: N_("bot status changes"),
        Type.CHAT_MEMBER: N_("member status changes"),
        Type.CHAT_JOIN_REQUEST: N_("join requests"),
        Type.CHAT_BOOST: N_("boosts"),
        Type.MANAGED_BOT: N_("managed bots"),
        Type.SUBSCRIPTION: N_("subscriptions"),
        Type.OTHER: N_("other types"),
    }
)
