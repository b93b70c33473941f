"""The platforms of the benches, in a process of their own: python platforms.py PORT.

They take every message and only count; /count tells how many, and when the first and the last
one came, /times when each came since the last such question. /slow?ms=20 makes each take so long,
and begins anew with the first.
"""

import asyncio
import gc
import sys
import time
from itertools import count

from aiohttp import web

numbers = count(1)
taken = {"count": 0, "first": 0.0, "last": 0.0, "asked": 0}
ASKING = 10_000_000
"""Citizens with this number or a higher one have asked a question."""
times: list[float] = []
slow = {"seconds": 0.0}


async def telegram(request: web.Request) -> web.Response:
    """Answer a method of Telegram's Bot API, or of Zalo's Bot Platform."""
    method = request.match_info["method"]
    if method == "getMe":
        me = {"id": 4242, "is_bot": True, "first_name": "bench", "username": "bench_bot"}
        return web.json_response({"ok": True, "result": me})
    if method != "sendMessage":
        return web.json_response({"ok": True, "result": True})
    as_json = request.content_type == "application/json"
    fields = await request.json() if as_json else await request.post()
    if slow["seconds"]:
        times.append(time.time())
        await asyncio.sleep(slow["seconds"])
    chat = str(fields["chat_id"])
    taken["asked"] += int(chat) >= ASKING
    message = {
        "message_id": _take(),
        "date": 1_700_000_000,
        "chat": {"id": int(chat), "type": "private", "first_name": "An"},
        "text": fields["text"],
    }
    return web.json_response({"ok": True, "result": message})


async def zalo(request: web.Request) -> web.Response:
    """Take a message of an Official Account."""
    await request.read()
    data = {"message_id": str(_take()), "user_id": "1"}
    return web.json_response({"error": 0, "message": "Success", "data": data})


async def token(_request: web.Request) -> web.Response:
    """Give a pair of tokens."""
    number = next(numbers)
    pair = {"access_token": f"a{number}", "refresh_token": f"r{number}", "expires_in": "90000"}
    return web.json_response(pair)


async def slowed(request: web.Request) -> web.Response:
    """Take so many milliseconds for each message from now on; the next one is the first."""
    slow["seconds"] = float(request.query["ms"]) / 1000
    taken["first"] = 0.0
    return web.Response()


async def came(_request: web.Request) -> web.Response:
    """Tell when messages came, and forget it."""
    answer = web.json_response(times)
    times.clear()
    return answer


async def counted(_request: web.Request) -> web.Response:
    """Tell how many messages were taken, and when the first and the last one were."""
    return web.json_response(taken)


def _take() -> int:
    taken["count"] += 1
    taken["last"] = time.time()
    taken["first"] = taken["first"] or taken["last"]
    return int(taken["count"])


# What is measured is when messages come, not when this process tidies up.
gc.disable()

app = web.Application(client_max_size=2**22)
app.router.add_get("/count", counted)
app.router.add_get("/times", came)
app.router.add_get("/slow", slowed)
app.router.add_post("/v4/oa/access_token", token)
app.router.add_post("/v3.0/oa/message/cs", zalo)
app.router.add_route("*", "/bot{token}/{method}", telegram)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
