"""Log lines: key=value on stderr, with every secret this installation knows taken out by its value."""

import logging.config
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

MASK = "•••"
_secrets: list[str] = []


def redact(text: str) -> str:
    """``text`` without any configured secret. Use it on whatever a remote sent before it is kept or shown."""
    for secret in _secrets:
        text = text.replace(secret, MASK)
    return text


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
