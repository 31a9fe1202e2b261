"""Names of interaction types in the current language."""

from analytics.models import TYPE_NAMES
from analytics.telegram.i18n import _


def type_name(interaction_type: str) -> str:
    """Return the name of an interaction type, in the plural: "button clicks".

    One of a newer version has none, and is returned as it is.
    """
    return _(TYPE_NAMES.get(interaction_type, interaction_type))
