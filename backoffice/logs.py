"""Log lines: key=value on stderr, with every secret this installation knows taken out by its value."""

import logging.config
import re
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

MASK = "•••"
MAX_QUOTED_FROM = 4096
_secrets: list[str] = []
_ADDRESS = re.compile(r"(https?://[^\s/?#\"'<>\\]+)[/?#][^\s\"'<>\\]*", re.IGNORECASE)
_SECRET_MEMBER = re.compile(r'("[^"]*(?:secret|token)[^"]*"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE)
_WORD = re.compile(r"(?<![\w-])(?=[\w-]*[A-Za-z])(?=[\w-]*[0-9]|(?:[\w-]*?[A-Z]){4})[\w-]{20,}", re.ASCII)
_ID = re.compile(r"[a-z]{2,8}_[0-9A-Z]{20,30}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def redact(text: str) -> str:
    """``text`` without any configured secret. Use it on whatever a remote sent before it is kept or shown."""
    for secret in _secrets:
        text = text.replace(secret, MASK)
    return text


def quotable(text: str) -> str:
    """The first 200 characters of what a remote said, less what may be a secret that only the remote knows.

    That is the value of a JSON member that is called a secret or a token, the path of any address, and any long word
    of mixed letters and digits that is not an id: a setup link's token in an error's sentence looks like these.
    """
    text = _SECRET_MEMBER.sub(rf"\1{MASK}", redact(text[:MAX_QUOTED_FROM]))
    text = _ADDRESS.sub(rf"\1/{MASK}", text)
    return _WORD.sub(lambda found: found[0] if _ID.fullmatch(found[0]) else MASK, text)[:200]


def logging_config(secrets: Iterable[str], debug: bool) -> dict[str, Any]:
    """Configure structlog and the standard library's logging; returns the latter's settings.

    Args:
        secrets: values that must never appear in a line; empty ones are left out.
        debug: also show debug lines.
    """
    _secrets[:] = sorted((secret for secret in secrets if secret), key=len, reverse=True)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _refusals_in_a_line,
        structlog.processors.format_exc_info,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "DEBUG" if debug else "INFO"},
        "loggers": {name: {"level": "WARNING"} for name in ("httpx", "httpcore", "celery", "kombu", "axes.apps")},
    }
    logging.config.dictConfig(config)
    return config


def _refusals_in_a_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A request that was refused (403, 404, 400) is no fault of ours: it gets no traceback."""
    if event.get("logger") == "django.request" and event.get("level") == "warning":
        event.pop("exc_info", None)
    return event


def _redacted(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif not isinstance(value, int | float | bool | type(None)) and not key.startswith("_"):
            event[key] = redact(repr(value))
    return event
