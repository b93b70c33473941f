"""The fake of Zalo's Official Account services is as strict as the protocol sheet."""

import asyncio
import base64
import hashlib
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiohttp import ClientError, ClientSession, FormData, web

from tests.fake_zalo import FakeZalo, Json, mac

V3, V2 = "/v3.0/oa/message/cs", "/v2.0/oa/message"
AN = "246845883529197922"


class Client:
    """Speaks with the fake as Zalo's documentation says."""

    def __init__(self, fake: FakeZalo, session: ClientSession) -> None:
        """Take a session, which stays open."""
        self.fake = fake
        self.session = session

    async def post(self, path: str, body: object, **headers: str) -> Json:
        tokens = headers or {"access_token": self.fake.access_token}
        async with self.session.post(self.fake.api + path, json=body, headers=tokens) as response:
            assert response.status == 200
            return await response.json()

    async def send(self, text: str = "a", path: str = V3, **message: object) -> int:
        body = {"recipient": {"user_id": AN}, "message": {"text": text, **message}}
        return (await self.post(path, body))["error"]

    async def buttons(self, *buttons: Json) -> int:
        return await self.send(attachment=template(buttons=buttons))

    async def upload(self, kind: str, name: str, content: bytes) -> Json:
        form = FormData()
        form.add_field("file", BytesIO(content), filename=name)
        url = f"{self.fake.api}/v2.0/oa/upload/{kind}"
        headers = {"access_token": self.fake.access_token}
        async with self.session.post(url, data=form, headers=headers) as response:
            return await response.json()

    async def oauth(self, secret: str = "", **fields: str) -> Json:
        url = f"{self.fake.oauth}/v4/oa/access_token"
        headers = {"secret_key": secret or self.fake.app_secret}
        form = {"app_id": self.fake.app_id, **fields}
        async with self.session.post(url, data=form, headers=headers) as response:
            return await response.json()

    async def refresh(self, token: str, **fields: str) -> Json:
        return await self.oauth(grant_type="refresh_token", refresh_token=token, **fields)


def template(**payload: object) -> Json:
    return {"type": "template", "payload": payload}


def button(payload: object = "tt:1", title: str = "Tiếp", kind: str = "oa.query.hide") -> Json:
    return {"title": title, "type": kind, "payload": payload}


def with_client(
    test: Callable[[FakeZalo, Client], Awaitable[None]], *, government: bool = False
) -> FakeZalo:
    """Run a test with a fake to which one citizen has written."""

    async def run() -> FakeZalo:
        async with FakeZalo(government=government) as fake, ClientSession() as session:
            fake.message_event(AN, "user_send_text", text="Xin chào")
            await test(fake, Client(fake, session))
            return fake

    return asyncio.run(run())


VECTOR = (
    '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},"user_id_by_app":'
    '"552177279717587730","recipient":{"id":"388613280878808645"},"event_name":"user_send_text",'
    '"message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},"timestamp":"1540390853474"}'
)


def test_it_signs_like_the_official_algorithm() -> None:
    signed = mac("360846524940903967", VECTOR.encode(), "1540390853474", "OAsecretKey-test")
    assert signed == "42b8f71ed5fb6be69c4838792da17d630f04359830e713857369e804bba25597"


def test_a_token_counts_only_in_its_own_header() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        bearer = f"Bearer {fake.access_token}"
        for headers in ({"Authorization": bearer}, {"access_token": "other"}, {"x": "y"}):
            assert (await client.post(V3, {}, **headers))["error"] == -216
        fake.pass_time(hours=25)
        assert await client.send() == -216

    with_client(test)


def test_a_text_is_counted_as_it_is_given() -> None:
    async def test(_fake: FakeZalo, client: Client) -> None:
        long = "ế" * 2000
        assert await client.send(long) == 0
        assert await client.send(unicodedata.normalize("NFD", long)) == -210
        assert await client.send("📅" * 1001) == -210
        assert await client.send("") == -201

    with_client(test)


BUTTONS: dict[str, tuple[list[Json], int]] = {
    "five": ([button()] * 5, 0),
    "six": ([button()] * 6, -210),
    "none": ([], -201),
    "a long title": ([button(title="a" * 101)], -210),
    "a long payload": ([button("a" * 1001)], -201),
    "a payload that is no text": ([button({"a": 1})], -201),
    "a page": ([button({"url": "https://a.vn"}, kind="oa.open.url")], 0),
    "a page without an address": ([button("https://a.vn", kind="oa.open.url")], -201),
    "a call": ([button({"phone_code": "84912345678"}, kind="oa.open.phone")], 0),
    "a short message": (
        [button({"content": "a", "phone_code": "84912345678"}, kind="oa.open.sms")],
        0,
    ),
    "an unknown type": ([button(kind="oa.click")], -201),
}


@pytest.mark.parametrize("case", BUTTONS)
def test_buttons_are_few_short_and_of_known_types(case: str) -> None:
    buttons, error = BUTTONS[case]

    async def test(_fake: FakeZalo, client: Client) -> None:
        assert await client.buttons(*buttons) == error

    with_client(test)


def test_the_shape_of_buttons_can_be_the_other_one_or_none() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        other = template(template_type="button", text="a", buttons=[button()])
        fake.button_shape = "B"
        assert await client.buttons(button()) == -201
        assert await client.send(attachment=other) == 0
        fake.button_shape = ""
        assert await client.buttons(button()) == -233
        assert await client.send(attachment=other) == -233

    with_client(test)


@pytest.mark.parametrize(
    ("government", "v3", "v2"), [(True, -235, 0), (False, 0, -240)], ids=["government", "other"]
)
def test_each_kind_of_account_has_its_endpoint(v3: int, v2: int, *, government: bool) -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        assert await client.send(path=V3) == v3
        assert await client.send(path=V2) == v2
        fake.v2_shut = False
        assert await client.send(path=V2) == 0
        url, headers = f"{fake.api}/v3.0/oa/getoa", {"access_token": fake.access_token}
        async with client.session.get(url, headers=headers) as response:
            told = (await response.json())["data"]
        assert told["oa_type"] == (4 if government else 2)

    with_client(test, government=government)


def test_after_48_hours_a_quota_is_used_and_after_7_days_nothing_goes() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fake.pass_time(hours=24)
        assert await client.send() == 0
        fake.issue()
        fake.pass_time(hours=24)
        fake.paid_quota = 1
        assert await client.send() == 0
        assert await client.send() == -211
        fake.pass_time(days=5)
        fake.issue()
        assert await client.send() == -230
        assert [sent.quota for sent in fake.sent] == ["reply", "sub_quota"]

    with_client(test)


def test_a_tap_opens_the_window_again_and_following_does_not() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        async with webhook(fake) as events:
            fake.echoes = False
            assert await client.buttons(button("2", "Hai"), PAGE) == 0
            fake.pass_time(days=8)
            fake.issue()
            await fake.follows(AN)
            assert await client.send() == -230
            assert await fake.taps(AN, "Trang") is None
            await fake.taps(AN, "Hai")
            assert await client.send() == 0
        assert [event["event_name"] for event in events] == ["follow", "user_send_text"]
        assert events[1]["message"]["text"] == "2"

    with_client(test)


PAGE = button({"url": "https://a.vn"}, "Trang", "oa.open.url")


def test_those_who_blocked_or_do_not_follow_are_told_apart() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fake.user(AN).follows = False
        assert await client.send() == 0
        fake.must_follow = True
        assert await client.send() == -213
        fake.user(AN).blocked = True
        assert await client.send() == -227

    with_client(test)


def test_nights_can_be_closed() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fake.nights_closed = True
        assert await client.send() == 0
        fake.pass_time(hours=13)
        assert await client.send() == -234

    with_client(test)


def test_more_requests_a_minute_than_allowed_are_refused_until_it_is_over() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fake.rate = 3
        assert [await client.send() for _ in range(4)] == [0, 0, 0, -32]
        url, headers = f"{fake.api}/v3.0/oa/getoa", {"access_token": fake.access_token}
        async with client.session.get(url, headers=headers) as response:
            assert response.headers["X-RateLimit-Limit"] == "3"
            assert response.headers["X-RateLimit-Remain"] == "0"
        fake.pass_time(seconds=61)
        assert await client.send() == 0

    with_client(test)


UPLOADS = {
    "a picture": ("image", "a.png", b"\x89PNG\r\n\x1a\n", 0),
    "a picture that is none": ("image", "a.png", b"MZ", -201),
    "a large picture": ("image", "a.jpg", b"\xff\xd8\xff" + bytes(1024 * 1024), -210),
    "a document": ("file", "a.pdf", b"%PDF", 0),
    "a program": ("file", "a.exe", b"MZ", -201),
    "nothing": ("file", "a.pdf", b"", -201),
}


@pytest.mark.parametrize("case", UPLOADS)
def test_uploads_are_of_known_kinds_and_sizes(case: str) -> None:
    kind, name, content, error = UPLOADS[case]

    async def test(_fake: FakeZalo, client: Client) -> None:
        assert (await client.upload(kind, name, content))["error"] == error

    with_client(test)


def test_an_upload_lasts_seven_days_and_is_of_its_kind() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        token = (await client.upload("file", "a.pdf", b"%PDF"))["data"]["token"]
        file = {"type": "file", "payload": {"token": token}}
        element = {"media_type": "image", "attachment_id": token}
        assert await client.send(attachment=file) == 0
        picture = template(template_type="media", elements=[element])
        assert await client.send(attachment=picture) == -100
        fake.pass_time(days=7, seconds=1)
        fake.issue()
        fake.message_event(AN, "user_send_text", text="a")
        assert await client.send(attachment=file) == -100

    with_client(test)


def test_a_refresh_token_works_once_and_kills_the_old_access_token_at_once() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        old, spent = fake.access_token, fake.refresh_token
        assert (await client.refresh(spent, app_id="1"))["error"] == -14002
        pair = await client.refresh(spent)
        assert pair["expires_in"] == "90000"
        assert (await client.post(V3, {}, access_token=old))["error"] == -216
        assert (await client.post(V3, {}, access_token=pair["access_token"]))["error"] == -201
        assert (await client.refresh(spent))["error"] < 0
        fake.numeric_errors = False
        again = await client.refresh(spent)
        assert "error" not in again
        assert again["error_name"]
        assert fake.spent[spent] == 3
        fake.pass_time(days=91)
        assert "access_token" not in await client.refresh(pair["refresh_token"])

    with_client(test)


def test_the_app_must_know_its_secret() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fields = {"grant_type": "refresh_token", "refresh_token": fake.refresh_token}
        assert (await client.oauth("wrong", **fields))["error"] == -14004
        assert fake.spent[fake.refresh_token] == 0

    with_client(test)


def test_a_code_works_once_with_its_verifier() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        verifier = "v" * 43
        digest = hashlib.sha256(verifier.encode()).digest()
        code = fake.consent(base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        assert (await client.oauth(**grant))["access_token"] == fake.access_token
        assert (await client.oauth(**grant))["error"] == -14013

    with_client(test)


def test_trouble_comes_as_often_and_where_it_is_wanted() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        fake.trouble("/message", error=-200, times=2)
        assert [await client.send() for _ in range(3)] == [-200, -200, 0]
        fake.trouble(drop="before")
        with pytest.raises(ClientError):
            await client.send()
        assert len(fake.sent) == 1
        fake.trouble(drop="after")
        with pytest.raises(ClientError):
            await client.send()
        assert len(fake.sent) == 2
        fake.trouble("/v4/", error=-14002)
        assert (await client.refresh(fake.refresh_token))["error"] == -14002
        assert fake.spent[fake.refresh_token] == 0

    with_client(test)


@asynccontextmanager
async def webhook(
    fake: FakeZalo, status: Callable[[Json], int] = lambda _event: 200
) -> AsyncIterator[list[Json]]:
    """Receive the fake's events, and check that they are signed."""
    events: list[Json] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        event = json.loads(body)
        signed = mac(fake.app_id, body, event.get("timestamp", ""), fake.oa_secret)
        assert request.headers.get("X-ZEvent-Signature") in (f"mac={signed}", None)
        events.append(event | {"num_retry": request.headers.get("num_retry")})
        return web.Response(status=status(event))

    app = web.Application()
    app.router.add_post("/webhooks/zalo", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    fake.webhook = f"http://{host}:{port}/webhooks/zalo"
    try:
        yield events
    finally:
        await fake.settled()
        await runner.cleanup()


def test_what_is_sent_comes_back_as_events_that_nobody_may_answer() -> None:
    async def test(fake: FakeZalo, client: Client) -> None:
        async with webhook(fake) as events:
            await client.send("Thứ Ba")
            await fake.settled()
        names = [event["event_name"] for event in events]
        assert names == ["oa_send_text", "user_received_message", "user_seen_message"]
        assert {event["sender"]["id"] for event in events} == {fake.oa_id}
        assert "admin_id" not in events[0]["sender"]
        assert fake.violations == []

    with_client(test)


def test_an_official_who_writes_himself_is_named() -> None:
    async def test(fake: FakeZalo, _client: Client) -> None:
        async with webhook(fake) as events:
            await fake.official_writes(AN, "Anh/chị chờ em một chút")
        assert events[0]["event_name"] == "oa_send_text"
        assert events[0]["sender"]["admin_id"]
        assert events[0]["recipient"]["id"] == AN

    with_client(test)


def test_all_that_users_do_is_delivered() -> None:
    async def test(fake: FakeZalo, _client: Client) -> None:
        async with webhook(fake) as events:
            await fake.probe()
            await fake.says(AN, "Xin chào", quote_msg_id="96d3")
            await fake.sends(AN, "image", "giấy này")
            await fake.sends(AN, "location")
            await fake.follows(AN, follows=False)
            await fake.clicks_chat(AN)
            await fake.submits_info(AN)
            await fake.submits_info(AN, old=True)
        assert events[0] == {"num_retry": None}
        assert events[1]["message"]["quote_msg_id"] == "96d3"
        assert events[2]["message"]["text"] == "giấy này"
        place = events[3]["message"]["attachments"][0]["payload"]["coordinates"]
        assert place == {"latitude": "22.1470", "longitude": "105.8348"}
        assert [event["event_name"] for event in events[4:6]] == ["unfollow", "user_click_chatnow"]
        assert "sender" not in events[4]
        assert "full_address" in events[6]["info"]
        assert "city" in events[7]["info"]

    with_client(test)


def test_a_webhook_that_fails_gets_the_same_body_again_and_is_given_up_at_last() -> None:
    async def test(fake: FakeZalo, _client: Client) -> None:
        async with webhook(fake, lambda _event: 500) as events:
            before = fake.now()
            await fake.says(AN, "Xin chào")
            for _ in range(6):
                await fake.retry()
        assert [event["num_retry"] for event in events] == [None, "1", "2", "3", "4", "5"]
        assert len({event["message"]["msg_id"] for event in events}) == 1
        assert 110 * 60 < (fake.now() - before).total_seconds() < 112 * 60
        assert fake.disabled
        assert len(fake.violations) == 6

    with_client(test)


def test_an_event_that_nobody_hears_is_a_violation() -> None:
    async def test(fake: FakeZalo, _client: Client) -> None:
        fake.webhook = "http://127.0.0.1:1/webhooks/zalo"
        delivery = await fake.says(AN, "Xin chào")
        assert delivery.status == 0
        assert len(fake.violations) == 1

    with_client(test)
