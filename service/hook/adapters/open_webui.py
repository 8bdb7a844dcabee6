"""
title: Inlay
description: Honest affiliate links in answers: while they stream, and once more for what is stored. Admin Panel > Functions > import, then enable.
version: 1.0
requirements: requests
"""
import asyncio
import time

import requests
from pydantic import BaseModel, Field


class Filter:
    class Valves(BaseModel):
        url: str = Field(default="http://127.0.0.1:8080", description="where Inlay listens")
        key: str = Field(default="", description="a publisher key of Inlay")
        timeout: float = Field(default=2.0, description="seconds; then the answer stays as it is")

    def __init__(self):
        self.valves = self.Valves()
        self.asked = {}    # (chat, message) -> (time, messages)
        self.streams = {}  # the same -> a stream of /v1/insert/stream

    async def inlet(self, body: dict, __metadata__: dict = None) -> dict:
        now = time.monotonic()
        self.asked = {k: v for k, v in self.asked.items() if now - v[0] < 600}
        self.streams = {k: v for k, v in self.streams.items() if now - v["at"] < 600}
        self.asked[self._id(__metadata__)] = (now, self._turns(body.get("messages", [])))
        return body

    async def stream(self, event: dict, __metadata__: dict = None) -> dict:
        key = self._id(__metadata__)
        if key not in self.asked or not isinstance(event, dict):
            return event
        for choice in event.get("choices") or []:
            delta = choice.get("delta") or {}
            end = choice.get("finish_reason") is not None
            if choice.get("index", 0) == 0 and (delta.get("content") or end):
                text = await self._say(key, delta.get("content") or "", end)
                if text or delta.get("content"):
                    delta["content"] = text
                    choice["delta"] = delta
        return event

    async def outlet(self, body: dict) -> dict:
        """What is stored: the same links again, as the service knows its own; all where the answer did not stream."""
        messages = list(body.get("messages") or [])
        if not messages or messages[-1].get("role") != "assistant":
            return body
        last = dict(messages[-1])
        turns = self._turns(messages[:-1])
        parts = [p for item in last.get("output") or [] if item.get("type") == "message" for p in item.get("content") or [] if p.get("text")]
        changed = {t: await self._insert(turns, t) for t in {p["text"] for p in parts} or {last.get("content") or ""} if t}
        for old, new in changed.items():
            last["content"] = (last.get("content") or "").replace(old, new, 1)
        if parts:
            last["output"] = [self._item(item, changed) for item in last["output"]]
        return {**body, "messages": [*messages[:-1], last]}

    @staticmethod
    def _item(item, changed):
        if item.get("type") != "message":
            return item
        return {**item, "content": [{**p, "text": changed[p["text"]]} if p.get("text") in changed else p for p in item.get("content") or []]}

    @staticmethod
    def _id(metadata):
        return ((metadata or {}).get("chat_id"), (metadata or {}).get("message_id"))

    @staticmethod
    def _turns(messages):
        def text(content):
            return content if isinstance(content, str) else "".join(p.get("text", "") for p in content or [] if isinstance(p, dict))
        return [{"role": m.get("role", "user"), "content": text(m.get("content"))} for m in messages]

    async def _post(self, path, body):
        headers = {"authorization": f"Bearer {self.valves.key}"} if self.valves.key else {}
        reply = await asyncio.to_thread(requests.post, self.valves.url + path, json=body, headers=headers, timeout=self.valves.timeout)
        reply.raise_for_status()
        return reply.json()

    async def _insert(self, turns, answer):
        try:
            return (await self._post("/v1/insert", {"messages": turns, "answer": answer}))["answer"]
        except (requests.RequestException, ValueError, KeyError):
            return answer

    async def _say(self, key, delta, end):
        """A piece of an answer; after a failed call the rest passes, with what was held back."""
        s = self.streams.setdefault(key, {"seq": 0, "held": b"", "dead": False, "at": time.monotonic()})
        s["seq"] += 1
        if end:
            del self.streams[key], self.asked[key]
        if s["dead"]:
            return delta
        first = {"messages": self.asked[key][1]} if s["seq"] == 1 and key in self.asked else {"stream": s.get("id")}
        try:
            reply = await self._post("/v1/insert/stream", {**first, "seq": s["seq"], "delta": delta, **({"end": True} if end else {})})
            s["id"], s["held"] = reply["stream"], (s["held"] + delta.encode())[-reply["held"]:] if reply["held"] else b""
            return reply["delta"]
        except (requests.RequestException, ValueError, KeyError):
            s["dead"] = True
            return (s["held"] + delta.encode()).decode()
