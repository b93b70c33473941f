"""A plain loop over python-telegram-bot that sends to N chats: python ptb_broadcast.py API N."""

import asyncio
import sys

from telegram import Bot

api, many = sys.argv[1], int(sys.argv[2])


async def main() -> None:
    """Send to one after the other, as bots do."""
    async with Bot("4242:token", base_url=f"{api}/bot") as bot:
        for chat in range(1, many + 1):
            await bot.send_message(chat, "Thông báo: thứ Ba nghỉ, bà con đến thứ Năm.")


asyncio.run(main())
