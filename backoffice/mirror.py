"""MirrorModel: our copy of one remote object."""

from typing import Any, ClassVar

from django.db import models


class MirrorModel(models.Model):
    """Base of all mirrored rows. Written by the sync store only; rows are marked as vanished, never deleted.

    Remote text is untrusted. A reference to another remote object is a text column ``<name>_remote_id`` plus a
    nullable relation ``<name>`` that is filled when the target is here; ``references`` lists those names.
    """

    remote_id = models.CharField(max_length=255, unique=True)
    remote_created_at = models.DateTimeField(null=True, blank=True)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    payload = models.JSONField(help_text="The list shape, whole, less the secrets its record declares.")
    payload_hash = models.BinaryField(max_length=16, help_text="Digest of the payload's bytes and its record.")
    synced_at = models.DateTimeField(help_text="When the request that brought this body was sent, by our clock.")
    vanished_at = models.DateTimeField(null=True, blank=True, help_text="When a sweep proved it gone.")
    text_cleaned = models.BooleanField(default=False, help_text="It holds U+FFFD in place of what cannot be kept.")

    references: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def values_from(cls, record: Any) -> dict[str, Any]:
        """Columns of this model, taken from ``record``. Pure: no query, no request."""
        raise NotImplementedError

    @classmethod
    def target_of(cls, reference: str) -> "type[MirrorModel]":
        """The model that one of ``references`` points to."""
        target = cls._meta.get_field(reference).related_model
        assert isinstance(target, type) and issubclass(target, MirrorModel)  # noqa: S101  declared in our own models
        return target
