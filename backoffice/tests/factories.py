"""People with their roles, and the kernel's own rows."""

from datetime import timedelta

import factory
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun, UpstreamState

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    password = factory.django.Password(PASSWORD)
    is_staff = True


def person(role: str | None = None, **values: object) -> User:
    """Staff with one of the four roles; none: staff without a group."""
    user = UserFactory(**values)
    if role:
        user.groups.add(_group(role))
    return user


def superuser(**values: object) -> User:
    return UserFactory(is_superuser=True, **values)


def _group(role: str) -> Group:
    """The group that the migrations made; made again by them where a test emptied the database before."""
    if not Group.objects.filter(name=role).exists():
        give_groups()
    return Group.objects.get(name=role)


def give_groups() -> None:
    """The four groups with what they may do, as the migrations of our apps give it."""
    for (_, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if name.endswith("_groups"):
            migration.operations[0].code(apps, None)


class RunFactory(factory.django.DjangoModelFactory):
    """A finished complete sweep, unless told otherwise."""

    class Meta:
        model = SyncRun

    resource = "kirim.customers"
    state = SyncRun.State.SUCCEEDED
    phase = SyncRun.Phase.DONE
    started_at = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=5))
    swept_from = factory.SelfAttribute("started_at")
    ended_at = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=4))


class RejectedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RejectedRecord

    resource = "kirim.customers"
    remote_id = factory.Sequence(lambda n: f"cus_rejected{n}")
    reason = "Object missing required field `name`"
    payload = '{"id": "cus_rejected", "secret-ish": "only for those who may"}'


class ChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RowChange

    resource = "kirim.customers"
    member = "name"
    before = '"Old Name"'
    after = '"New Name"'
    changed_at = factory.LazyFunction(timezone.now)


class DriftFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Drift

    resource = "kirim.customers"
    kind = Drift.Kind.MEMBER
    name = factory.Sequence(lambda n: f"new_member{n}")
    count = 3


class UpstreamStateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = UpstreamState

    upstream = "kirim"
    identity = "https://kirim.example/v1"
