"""As small as a receiver with FastAPI can be: the body read as JSON, without a model, the token compared, 200."""

import os

from fastapi import FastAPI, Request, Response

app = FastAPI()
TOKEN = os.environ["AIRCALL_TOKEN"]


@app.post("/aircall/webhook")
async def webhook(request: Request) -> Response:
    event = await request.json()
    return Response(status_code=200 if event.get("token") == TOKEN else 401)
