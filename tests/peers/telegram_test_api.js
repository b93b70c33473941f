// Runs the npm package telegram-test-api and mends where it is not yet the Bot API (its answers
// are kept wherever they are right). Prints its address, and serves until its input ends.
"use strict";

const express = require("express");
const TelegramServer = require("telegram-test-api");

const SECRET = "X-Telegram-Bot-Api-Secret-Token";
const ARRIVALS = ["AddedUserMessage", "AddedUserCommand", "AddedUserCallbackQuery"];

// A callback query without chat_instance is none.
const format = TelegramServer.formatUpdate;
TelegramServer.formatUpdate = (update) => {
  const formatted = format(update);
  if (formatted.callback_query) formatted.callback_query.chat_instance = "1";
  return formatted;
};

class Telegram extends TelegramServer {
  unconfirmed = [];

  // Dates are seconds, and a message says who wrote it.
  addBotMessage(message, token) {
    const sent = super.addBotMessage(message, token);
    return { ...sent, date: seconds(), from: { id: 666, is_bot: true, first_name: "Test" } };
  }

  // What came before there was a webhook is posted to it.
  setWebhook(webhook, token) {
    super.setWebhook(webhook, token);
    this.getUpdates(token).forEach((update) => this.post(webhook, update));
  }

  async addUserUpdate(update) {
    const webhook = this.webhooks[update.botToken];
    if (!webhook) return super.addUserUpdate(update);
    const formatted = TelegramServer.formatUpdate({ ...update });
    this.updateId++;
    return this.post(webhook, formatted);
  }

  // A webhook gets its secret; one that fails is told on stderr instead of ending this process.
  async post(webhook, update) {
    const body = JSON.stringify(update);
    const headers = { "Content-Type": "application/json", [SECRET]: webhook.secret_token || "" };
    try {
      const answer = await fetch(webhook.url, { method: "POST", headers, body });
      if (!answer.ok) console.error(`webhook: ${answer.status}`);
    } catch (error) {
      console.error(`webhook: ${error}`);
    }
  }

  // Updates stay until an offset confirms them, and a poll may wait for them.
  async poll(token, offset, timeout) {
    this.unconfirmed = this.unconfirmed.filter((update) => update.update_id >= offset);
    this.unconfirmed.push(...this.getUpdates(token));
    if (!this.unconfirmed.length && timeout) {
      await this.arrival(timeout);
      this.unconfirmed.push(...this.getUpdates(token));
    }
    return this.unconfirmed;
  }

  arrival(timeout) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        ARRIVALS.forEach((name) => this.off(name, done));
        resolve();
      };
      const timer = setTimeout(done, timeout * 1000);
      ARRIVALS.forEach((name) => this.on(name, done));
    });
  }
}

function seconds() {
  return Math.floor(Date.now() / 1000);
}

const telegram = new Telegram({ storeTimeout: 3600 });
const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));

app.all("/bot:token/getUpdates", async (request, response) => {
  const { offset = 0, timeout = 0 } = { ...request.query, ...request.body };
  const updates = await telegram.poll(request.params.token, Number(offset), Number(timeout));
  response.json({ ok: true, result: updates });
});

// A test waits here for the bot's next message.
app.post("/getUpdates", async (request, _, next) => {
  const { token, chatId } = request.body;
  const waiting = ({ botToken, isRead, message }) =>
    botToken === token && !isRead && String(message.chat_id) === String(chatId);
  while (!telegram.storage.botMessages.some(waiting)) await telegram.waitBotMessage();
  next();
});

// It does not know these; they change nothing that a citizen reads.
for (const method of ["setMyCommands", "sendChatAction"]) {
  app.all(`/bot:token/${method}`, (_, response) => response.json({ ok: true, result: true }));
}

// Where it answers null, Telegram answers with the edited message, or true.
app.use((request, response, next) => {
  const json = response.json.bind(response);
  response.json = (answer) => {
    if (answer.ok && answer.result === null) answer.result = done(request);
    if (request.path.endsWith("/getMe")) answer.result.is_bot = true;
    return json(answer);
  };
  next();
});

function done(request) {
  if (!/\/editMessage/.test(request.path)) return true;
  const { chat_id: id, message_id: number, text } = request.body;
  const chat = { id: Number(id), type: "private" };
  return { message_id: Number(number), date: seconds(), chat, text };
}

app.use(telegram.webServer);
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on("end", () => process.exit());
