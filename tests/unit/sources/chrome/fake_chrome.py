#!/usr/bin/env python3
"""A stand-in for Chrome at the end of a debugging pipe: fd 3 in, fd 4 out, NUL between messages.

`emit` (count, size) has it send numbered events; it exits with 5 on `die`, 0 on Browser.close.
"""

import json
import os
import sys


def say(message):
    data = json.dumps(message, separators=(",", ":")).encode() + b"\0"
    while data:
        data = data[os.write(4, data) :]


def obey(command):
    params = command.get("params", {})
    if command["method"] == "Browser.getVersion":
        say({"id": command["id"], "result": {"product": "Chrome/150.0"}})
    elif command["method"] == "emit":
        for number in range(params["count"]):
            say(
                {
                    "method": params.get("event", "Some.event"),
                    "params": {
                        "n": number,
                        "pad": "x" * params.get("size", 0),
                        **params.get("more", {}),
                    },
                }
            )
    elif command["method"] == "warn":
        os.write(2, b"[ERROR] Too large write data is pending: size=1\n")
    elif command["method"] == "die":
        os._exit(5)
    elif command["method"] == "Browser.close":
        os._exit(0)


if "--locked" in sys.argv:
    sys.exit(21)
buffer = b""
while data := os.read(3, 65536):
    *whole, buffer = (buffer + data).split(b"\0")
    for text in whole:
        obey(json.loads(text))
