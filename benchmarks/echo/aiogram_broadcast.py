"""The broadcaster that aiogram's documentation recommends: python aiogram_broadcast.py API N.

Its own pause of 0.05 s between messages, which keeps to Telegram's 20 a second, is left out.
"""

import asyncio
import sys

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError

api, many = sys.argv[1], int(sys.argv[2])


async def send(bot: Bot, chat: int) -> bool:
    """Send one message and say whether it arrived."""
    try:
        await bot.send_message(chat, "Thông báo: thứ Ba nghỉ, bà con đến thứ Năm.")
    except TelegramAPIError:
        return False
    return True


async def main() -> None:
    """Send to one after the other and count."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api))
    async with Bot("4242:token", session=session) as bot:
        sum([await send(bot, chat) for chat in range(1, many + 1)])


asyncio.run(main())
