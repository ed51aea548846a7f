"""The health URLs, as a load balancer meets them."""

import socket
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

OK = {"database": "ok", "broker": "ok", "migrations": "ok"}


@pytest.fixture
def queue(settings, tmp_path: Path) -> Path:
    """The embedded broker in a folder of its own, whatever broker the suite runs on."""
    settings.CELERY_BROKER_URL = "filesystem://localhost"
    settings.BROKER_DIR = tmp_path
    (tmp_path / "queue").mkdir()
    return tmp_path / "queue"


@pytest.fixture
def celery_broker(settings):
    """Point Celery at another broker for one test."""
    from backoffice.celery import app

    before = app.conf.broker_url, app.conf.broker_transport_options

    def use(url: str) -> None:
        settings.CELERY_BROKER_URL = url
        app.conf.broker_url = url
        app.conf.broker_transport_options = {"socket_connect_timeout": 1, "socket_timeout": 5}

    yield use
    app.conf.broker_url, app.conf.broker_transport_options = before


def test_healthz_needs_no_database_and_no_log_in(client: Client):
    answer = client.get("/healthz")  # without the db mark a query would fail the test
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert client.head("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_is_ready_when_database_broker_and_migrations_are(client: Client, queue: Path):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, OK)


@pytest.mark.django_db
def test_readyz_on_the_broker_of_the_suite(client: Client, settings):
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        pytest.skip("the embedded broker has tests of its own")
    assert client.get("/readyz").json() == OK


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading_is_allowed(client: Client, path: str):
    for method in (client.post, client.put, client.delete, client.patch):
        assert method(path).status_code == 405


@pytest.mark.django_db
def test_plain_http_is_answered_where_everything_else_is_redirected_to_https(client: Client, settings, queue: Path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/admin/").status_code == 301
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_other_host_names_are_refused(client: Client):
    assert client.get("/healthz", headers={"host": "elsewhere.example"}).status_code == 400


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_told(client: Client, queue: Path):
    newest = MigrationLoader(connection).graph.leaf_nodes("customers")[0]
    MigrationRecorder(connection).record_unapplied(*newest)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, OK | {"migrations": "pending"})


def test_a_database_that_is_gone_is_told_without_its_name(client: Client, queue: Path, monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection to db.internal.example failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "down", "broker": "ok", "migrations": "unknown"})
    assert "example" not in answer.content.decode()


@pytest.mark.django_db
def test_a_queue_folder_that_is_gone_is_told(client: Client, queue: Path):
    queue.rmdir()
    assert client.get("/readyz").json() == OK | {"broker": "down"}


@pytest.mark.django_db
def test_a_broker_that_refuses_connections_is_told_in_time(client: Client, celery_broker):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    celery_broker(f"redis://:secret@127.0.0.1:{port}/0")
    started = time.monotonic()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, OK | {"broker": "down"})
    assert time.monotonic() - started < 2.5


@pytest.mark.django_db
def test_a_broker_that_never_answers_is_told_in_time(client: Client, celery_broker):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        celery_broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        started = time.monotonic()
        assert client.get("/readyz").json() == OK | {"broker": "down"}
        assert time.monotonic() - started < 2.5
