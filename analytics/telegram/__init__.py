"""Analytics for any aiogram bot: what is recorded, and what admins and people can ask."""
