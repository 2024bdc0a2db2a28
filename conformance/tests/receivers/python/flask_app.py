"""As it is usually written with Flask, for `gunicorn flask_app:app`."""

import os

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/aircall/webhook", methods=["POST"])
def webhook():
    payload = request.get_json()
    if payload.get("token") != os.environ["AIRCALL_TOKEN"]:
        return jsonify({"error": "Invalid token"}), 401

    event = payload.get("event")
    data = payload.get("data", {})
    if event == "call.created":
        agent = data.get("user", {}).get("email")
        app.logger.info("call %s for %s", data["id"], agent)
    elif event == "call.ended":
        app.logger.info("call %s took %d s", data["id"], data["duration"])
    return jsonify({"status": "success"}), 200
