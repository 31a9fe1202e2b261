"""Colours of charts: one for each interaction type, the same in every chart and theme."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analytics.models import InteractionType as Type

# The commonest have colours by Okabe and Ito. Any two are told apart on both papers by people with
# any colour vision.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        Type.MESSAGE: "#0072b2",
        Type.COMMAND: "#e69f00",
        Type.BUTTON_CLICK: "#009e73",
        Type.INLINE_QUERY: "#cc79a7",
        Type.EDITED_MESSAGE: "#56b4e9",
        Type.MY_CHAT_MEMBER: "#d55e00",
        Type.MESSAGE_REACTION: "#d2b469",
        Type.BUSINESS_MESSAGE: "#9600f0",
        Type.CHAT_MEMBER: "#873c1e",
        Type.CHOSEN_INLINE_RESULT: "#a569ff",
        Type.EDITED_BUSINESS_MESSAGE: "#692db4",
        Type.CHAT_JOIN_REQUEST: "#c3693c",
        Type.PRE_CHECKOUT_QUERY: "#960087",
        Type.POLL_ANSWER: "#96c396",
        Type.SHIPPING_QUERY: "#87694b",
        Type.PURCHASED_PAID_MEDIA: "#d20fb4",
        Type.GUEST_MESSAGE: "#a53c00",
        Type.BUSINESS_CONNECTION: "#7896f0",
        Type.CHAT_BOOST: "#4bd22d",
        Type.SUBSCRIPTION: "#ff4b69",
        Type.MANAGED_BOT: "#a55a96",
    }
)


def type_color(interaction_type: str) -> str | None:
    """Return the colour of an interaction type as #rrggbb, None for one that has none."""
    return TYPES.get(interaction_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours that depend on the paper."""

    paper: str
    """Opaque, so that a picture is readable on any background of Telegram."""
    ink: str
    muted: str
    grid: str
    active_users: str
    other_types: str
    total_only: str
    no_data: str
    zero: str
    """An hour of the week without interactions."""
    heat: tuple[str, ...]
    """Hours of the week by quantiles, the quietest first: in no colour of a type."""


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2328",
    muted="#57606a",
    grid="#dde1e6",
    active_users="#3b4550",
    other_types="#585858",
    total_only="#bdbdbd",
    no_data="#ebe2d0",
    zero="#f1f3f5",
    heat=("#ded3f1", "#bda6e2", "#9878cc", "#7049ae", "#432278"),
)
# The paper is that of Telegram's own dark theme.
DARK = Theme(
    paper="#17212b",
    ink="#e9eef3",
    muted="#9fb0c0",
    grid="#2e3c4a",
    active_users="#cbd5de",
    other_types="#c3c3c3",
    total_only="#63696f",
    no_data="#474135",
    zero="#1f2b37",
    heat=("#3a2f66", "#5a46a0", "#7d65cf", "#a992ee", "#dccfff"),
)
THEMES: Mapping[str, Theme] = MappingProxyType({"light": LIGHT, "dark": DARK})
