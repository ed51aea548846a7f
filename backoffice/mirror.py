"""MirrorModel: our copy of one remote object."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models

from backoffice.limits import LimitedManager

GONE = models.Q(vanished_at__isnull=False)
"""Mirrored rows that the remote no longer has."""


def list_indexes(of: str, *columns: str, own: Sequence[str] = ("remote_created_at",)) -> list[models.Index]:
    """What a long list is read from; ``own`` is its own order, but for the key.

    An index for that order and for each column that it is ordered or filtered by, one for rows that are gone, and one
    for the age of rows. Rows that are equal in the column stand by the list's own order, so that a filter's choice is
    read in that order. Whether a row is gone stands in them, so that rows are counted and passed over without being
    read.
    """
    own = [*own, "id"]
    return [
        models.Index(fields=[*own, "vanished_at"], name=f"{of}_newest"),
        *(models.Index(fields=[column, *own, "vanished_at"], name=f"{of}_by_{column}"[:30]) for column in columns),
        models.Index(fields=["vanished_at", *own], name=f"{of}_gone", condition=GONE),
        models.Index(fields=["synced_at", "vanished_at"], name=f"{of}_age"),
    ]


class MirrorModel(models.Model):
    """Base of all mirrored rows. Written by the sync store only; rows are marked as vanished, never deleted.

    Remote text is untrusted. A reference to another remote object is a text column ``<name>_remote_id`` plus a
    nullable relation ``<name>`` that is filled when the target is here; ``references`` lists those names. Where the
    remote's reference may name one of several kinds, ``reference_column`` says which text column a relation is of.
    """

    remote_id = models.CharField(max_length=255, unique=True)
    remote_created_at = models.DateTimeField(null=True, blank=True)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    payload = models.JSONField(help_text="The list shape, whole, less the secrets its record declares.")
    payload_hash = models.BinaryField(max_length=16, help_text="Digest of the payload's bytes and its record.")
    synced_at = models.DateTimeField(help_text="When the request that brought this body was sent, by our clock.")
    vanished_at = models.DateTimeField(null=True, blank=True, help_text="When a sweep proved it gone.")
    text_cleaned = models.BooleanField(default=False, help_text="It holds U+FFFD in place of what cannot be kept.")

    objects = LimitedManager()

    references: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def values_from(cls, record: Any) -> dict[str, Any]:
        """Columns of this model, taken from ``record``. Pure: no query, no request."""
        raise NotImplementedError

    @classmethod
    def reference_column(cls, reference: str) -> str:
        """The text column that one of ``references`` is filled from."""
        return f"{reference}_remote_id"

    @classmethod
    def target_of(cls, reference: str) -> "type[MirrorModel]":
        """The model that one of ``references`` points to."""
        target = cls._meta.get_field(reference).related_model
        assert isinstance(target, type) and issubclass(target, MirrorModel)  # noqa: S101  declared in our own models
        return target


class DetailedModel(MirrorModel):
    """Base of mirrored rows whose single read tells more than the list's row: it is kept whole beside it."""

    detail = models.JSONField(null=True, blank=True, help_text="The last single read, less secrets.")
    detail_at = models.DateTimeField(null=True, blank=True, help_text="When that read was asked for.")

    class Meta:
        abstract = True

    @classmethod
    def detail_values_from(cls, record: Any) -> dict[str, Any]:
        """Columns that only the single read fills, taken from ``record``. Pure."""
        return {}
