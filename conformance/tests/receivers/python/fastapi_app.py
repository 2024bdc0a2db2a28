"""As it is usually written with FastAPI, for `uvicorn fastapi_app:app`."""

import json
import logging
import os
import urllib.request
from typing import Any, Optional

from fastapi import BackgroundTasks, FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger("uvicorn")


class AircallEvent(BaseModel):
    resource: str
    event: str
    timestamp: int
    token: str
    data: dict[str, Any]


class User(BaseModel):
    id: int
    name: str
    email: str


class Call(BaseModel):
    id: int
    direction: str
    status: str
    started_at: int
    answered_at: Optional[int] = None
    user: Optional[User] = None


def process(event: AircallEvent):
    """In life: a ticket in the CRM."""
    if collector := os.environ.get("AIRCALL_COLLECTOR"):
        urllib.request.urlopen(collector, json.dumps(event.model_dump()).encode())
    logger.info("%s %s", event.event, event.data.get("id"))


@app.post("/aircall/webhook")
async def webhook(event: AircallEvent, background_tasks: BackgroundTasks):
    if event.token != os.environ["AIRCALL_TOKEN"]:
        raise HTTPException(status_code=401, detail="Invalid token")
    if event.event.startswith("call."):
        call = Call(**event.data)
        logger.info("call %s is %s", call.id, call.status)
    background_tasks.add_task(process, event)
    return {"status": "ok"}
