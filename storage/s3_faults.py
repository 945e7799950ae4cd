"""What a bucket's refusals and a network's faults are, in words short enough for a sentence.

A client tells them at length, with the bucket's XML and with its own state. Of all that only the
name of a fault is used, or the bucket's message where the name is not known here: neither holds
anything secret.
"""

import re
from collections.abc import Mapping
from typing import Final

CONFLICT: Final = "ConditionalRequestConflict"
NO_KEY: Final = "NoSuchKey"
LONGEST: Final = 200  # characters of a message that is quoted

REFUSALS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket: make it, or give another",
    CONFLICT: "others are writing the same key all the time: wait for them",
    "AccessDenied": "access is denied: ask for the permission, or use other credentials",
    "InvalidAccessKeyId": "the access key is unknown there: use other credentials",
    "SignatureDoesNotMatch": "the secret key does not match: use other credentials",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidToken": "the session token does not match: renew the credentials",
    "RequestTimeTooSkewed": "this machine's clock differs from the bucket's: set the clock",
    "PermanentRedirect": "the bucket lies in another region: set AWS_REGION",
    "AuthorizationHeaderMalformed": "the bucket lies in another region: set AWS_REGION",
    "SlowDown": "the bucket asks for fewer requests: wait",
    # Writing without it would let two runs overwrite each other where nobody expects it.
    "NotImplemented": "it does not implement If-None-Match, which keeps two runs from overwriting "
    "each other: use a store that does",
}
# By what the client's own description says; the first that it says counts.
SILENCES: Final[Mapping[str, str]] = {
    "BareRedirect": REFUSALS["PermanentRedirect"],
    "dns error": "no such host is known",
    "ConnectionRefused": "nothing answers there",
    "ertificate": "its certificate is not trusted",
    "TimedOut": "no answer came in time",
    "IncompleteMessage": "the connection was cut",
    "ConnectionReset": "the connection was cut",
    "BrokenPipe": "the connection was cut",
}


def code_of(error: Exception) -> str:
    """The bucket's own name of a fault; empty where it gave none."""
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else ""


def reason(error: Exception, endpoint: str) -> str:
    """What went wrong and what to do, in a few words."""
    code, text = code_of(error), str(error)
    if code:
        return REFUSALS.get(code) or f"it answers {code}{_message(text)}"
    if status := re.search(r"status code: (\d{3}[^:\n]*)", text):
        return f"{endpoint} answers {status[1].strip()}: make sure that it speaks S3"
    if provider := re.search(r"credential provider: (?:\w+: )?(.*)", text):
        return f"the credentials cannot be had: {provider[1][:LONGEST]}"
    for words, meaning in SILENCES.items():
        if words in text:
            return f"{endpoint} cannot be reached: {meaning}"
    return f"{endpoint} cannot be used: {text.partition(chr(10))[0][:LONGEST]}"


def _message(text: str) -> str:
    found = re.search(r"<Message>([^<]*)</Message>", text)
    return f": {found[1].strip()[:LONGEST]}" if found else ""
