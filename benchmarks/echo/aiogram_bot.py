"""A bare echo bot on aiogram's own webhook: python aiogram_bot.py PORT API."""

import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

port, api = sys.argv[1:]
dispatcher = Dispatcher()


@dispatcher.message()
async def echo(message: Message) -> None:
    """Say the same."""
    await message.answer(message.text)


session = AiohttpSession(api=TelegramAPIServer.from_base(api))
bot = Bot("4242:token", session=session)
application = web.Application()
handler = SimpleRequestHandler(dispatcher, bot, secret_token="secret")  # noqa: S106 - opens nothing
handler.register(application, path="/webhooks/telegram")
setup_application(application, dispatcher, bot=bot)
web.run_app(application, host="127.0.0.1", port=int(port), print=None, access_log=None)
