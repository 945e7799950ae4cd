"""A bucket's faults in few words: what went wrong and what to do, and nothing else."""

import pytest

from storage.s3_faults import LONGEST, code_of, reason

ENDPOINT = "https://s3.example.org"
REQUEST = "Generic S3 error: Error performing PUT https://s3.example.org/bucket/key in 1ms"


def refused(status: str, body: str) -> Exception:
    """As the client tells it."""
    return Exception(
        f"{REQUEST}, after 6 retries - Server returned non-2xx status code: {status}: {body}\n\n"
        f"Debug source:\nGeneric {{\n    source: RetryError(\n status: 403, body: {body!r}"
    )


def silent(state: str) -> Exception:
    return Exception(f"{REQUEST} - HTTP error: error sending request\n\nDebug source:\n{state}")


def answer(code: str, message: str = "It says so.") -> str:
    return (
        f"<Error><Code>{code}</Code><Message>{message}</Message>"
        "<StringToSign>AWS4-HMAC-SHA256 AKIASECRET</StringToSign></Error>"
    )


def test_a_known_refusal_says_what_to_do() -> None:
    for code, words in {
        "NoSuchBucket": "there is no such bucket: make it, or give another",
        "RequestTimeTooSkewed": "this machine's clock differs from the bucket's: set the clock",
        "ExpiredToken": "the credentials have expired: renew them",
    }.items():
        error = refused("403 Forbidden", answer(code))
        assert code_of(error) == code
        assert reason(error, ENDPOINT) == words


def test_another_refusal_is_quoted_and_nothing_else_of_the_answer() -> None:
    error = refused("400 Bad Request", answer("EntityTooLarge", "It is too large."))
    assert reason(error, ENDPOINT) == "it answers EntityTooLarge: It is too large."
    error = refused("400 Bad Request", answer("EntityTooLarge", "long " * 1000))
    assert len(reason(error, ENDPOINT)) < LONGEST + 50


def test_what_answers_and_is_no_bucket_is_named() -> None:
    error = refused("405 Method Not Allowed", "<html>nginx</html>")
    expected = f"{ENDPOINT} answers 405 Method Not Allowed: make sure that it speaks S3"
    assert reason(error, ENDPOINT) == expected
    assert code_of(error) == ""


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("kind: ConnectionRefused, message: ...", "nothing answers there"),
        ('ConnectError("dns error", failed to lookup', "no such host is known"),
        ("HttpError { kind: Timeout, source: TimedOut", "no answer came in time"),
        ("hyper::Error(IncompleteMessage)", "the connection was cut"),
        ("InvalidCertificate(UnknownIssuer)", "its certificate is not trusted"),
    ],
)
def test_silence_names_the_endpoint(state: str, words: str) -> None:
    assert reason(silent(state), ENDPOINT) == f"{ENDPOINT} cannot be reached: {words}"


def test_a_redirect_to_nowhere_is_another_region() -> None:
    error = Exception(f"{REQUEST} - Received redirect without LOCATION\n\ninner: BareRedirect")
    assert "another region: set AWS_REGION" in reason(error, ENDPOINT)


def test_credentials_that_cannot_be_had_say_why() -> None:
    error = Exception(
        "lacked valid authentication for path External AWS credential provider: "
        "TokenRetrievalError: the token has expired\n\nDebug source:\ntraceback"
    )
    expected = "the credentials cannot be had: the token has expired"
    assert reason(error, ENDPOINT) == expected


def test_what_is_not_known_is_one_line() -> None:
    assert reason(Exception("odd\nDebug"), ENDPOINT) == f"{ENDPOINT} cannot be used: odd"
