"""A bare echo bot on python-telegram-bot's own webhook: python ptb.py PORT API [concurrent]."""

import sys

from telegram.ext import Application, ContextTypes, MessageHandler, filters

port, api, *words = sys.argv[1:]


async def echo(update: object, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say the same."""
    await update.message.reply_text(update.message.text)


application = (
    Application.builder()
    .token("4242:token")
    .base_url(f"{api}/bot")
    .concurrent_updates("concurrent" in words)
    .build()
)
application.add_handler(MessageHandler(filters.TEXT, echo))
application.run_webhook(
    listen="127.0.0.1",
    port=int(port),
    url_path="webhooks/telegram",
    webhook_url=f"http://127.0.0.1:{port}/webhooks/telegram",
    secret_token="secret",  # noqa: S106 - opens nothing
)
