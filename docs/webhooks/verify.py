"""Verifies a message of Payment Hub.

With the header as argument and the body on standard input it prints the event's id, or
"invalid" and ends with 1:
    WEBHOOK_SECRET=whsec_… python3 verify.py "$X_AMICA_SIGNATURE" < body.json
"""

# docs:begin
import hashlib
import hmac
import json
import re
import time

TOLERANCE = 300  # seconds


def verify(header, body, secret, now=None):
    """Return the event of a message, or raise ValueError.

    header is X-AMICA-Signature; body is the bytes that came: parsed and written again,
    they would have another signature.
    """
    parts = [part.partition("=")[::2] for part in (header or "").split(",")]
    timestamp = next((value for name, value in parts if name == "t"), "")
    now = time.time() if now is None else now
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE:
        raise ValueError("The timestamp is missing or too far from now.")
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value.encode(), expected.encode()) for name, value in parts):
        raise ValueError("No signature is genuine.")
    return json.loads(body)
# docs:end


if __name__ == "__main__":
    import os
    import sys

    try:
        print(verify(sys.argv[1], sys.stdin.buffer.read(), os.environ["WEBHOOK_SECRET"])["id"])
    except ValueError:
        print("invalid")
        sys.exit(1)
