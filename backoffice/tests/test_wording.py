"""Errors of a remote, in words for staff."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine

from backoffice import errors
from backoffice.wording import remote_error_in_words

GET = "GET /customers/{id}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            errors.RemoteAuthFailed(GET, "answered 402: pay", 402),
            f"Kirim refuses our key or plan. An operator has to check it. ({GET}: answered 402: pay)",
        ),
        (
            errors.RemoteAuthFailed(GET, "answered 403: not yours", 403),
            "Kirim does not let us do this to this record. Look at the record there; where the same works with another "
            f"one, our key is not the matter, else an operator has to check it. ({GET}: answered 403: not yours)",
        ),
        (
            errors.RemoteAuthFailed("GET /customers", "answered 403", 403),
            "Kirim refuses our key or plan. An operator has to check it. (GET /customers: answered 403)",
        ),
        (
            errors.RemoteUnsupported(GET, "answered 501", 501),
            f"The system behind Kirim cannot do this. Do it in that system itself. ({GET}: answered 501)",
        ),
        (
            errors.RemoteNotReached(GET, "not reached"),
            f"Kirim does not answer now. Try again in a minute; if it lasts, tell an operator. ({GET}: not reached)",
        ),
        (
            errors.RemoteAnswerLost(GET, "answered 503", 503),
            f"Kirim does not answer now. Try again in a minute; if it lasts, tell an operator. ({GET}: answered 503)",
        ),
        (
            errors.RemoteNotFound(GET, "answered 404", 404),
            "Kirim does not know it. It may be gone there: refresh the record, or check its id.",
        ),
        (errors.RemoteRejected(GET, "answered 422: odd.", 422, "req_1"), "Kirim refused it: odd (request req_1)."),
        (errors.RemoteConflict(GET, "answered 409", 409), "Kirim refused it: answered 409."),
        (
            errors.RemoteContractError(GET, "unreadable"),
            f"Kirim answered something we cannot take; tell a developer. ({GET}: unreadable)",
        ),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error, said):
    assert remote_error_in_words(error, "Kirim") == said


@time_machine.travel(datetime(2030, 1, 1, 12, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("retry_at", "shown"),
    [
        (datetime(2030, 1, 1, 12, 30, 1, tzinfo=UTC), "until 12:31 UTC;"),
        (datetime(2030, 1, 1, 13, 30, tzinfo=timezone(timedelta(hours=1))), "until 12:30 UTC;"),
        (datetime(2030, 1, 2, 3, 0, tzinfo=UTC), "until 2030-01-02 03:00 UTC;"),
    ],
)
def test_a_remote_that_names_a_time_is_quoted_with_it_in_utc(retry_at, shown):
    error = errors.RemoteLimited(GET, "answered 429", 429)
    error.retry_at = retry_at
    assert f"Kirim asks us to wait {shown} try again then." in remote_error_in_words(error, "Kirim")
