"""Who is the same customer in another system: the keys that tell, what they suggest, and what people decided.

``resource`` is always the name of the sync engine's resource ("apideck.customers"), which stands for the system and the
kind of record; ``record_id`` is the mirrored row's own key, ``remote_id`` the remote's.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.limits import LimitedManager
from customers.models.kirim import Customer

MAX_VALUE_CHARS = 255


class IdentityKey(models.Model):
    """Something that tells a person from others: an e-mail address, a phone number, a name; normalized.

    ``source`` and ``source_id`` say which row it was read from: a WhatsApp account's number is a key of its customer.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        NAME = "name", _("name")  # a hint that ranks and warns, never evidence

    source = models.CharField(max_length=64)
    source_id = models.BigIntegerField()
    resource = models.CharField(max_length=64)
    record_id = models.BigIntegerField()
    remote_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=MAX_VALUE_CHARS)
    value_hash = models.BigIntegerField(help_text="48 bits over kind and value.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "source_id", "kind", "value"], name="identity_key_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "value", "resource", "record_id"], name="identity_key_join"),
            models.Index(fields=["resource", "record_id", "kind", "value"], name="identity_key_of"),
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class IdentityRecord(models.Model):
    """What state of a mirrored row its keys were read from, and whether its pairs have to be computed anew."""

    source = models.CharField(max_length=64)
    record_id = models.BigIntegerField(help_text="The row's own key.")
    holder_id = models.BigIntegerField(help_text="Of the record whose keys they are; 0 where there is none.")
    payload_hash = models.BinaryField(max_length=16)
    is_gone = models.BooleanField(help_text="Vanished, deleted or erased: it has no keys.")
    is_touched = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "record_id"], name="identity_record_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["source", "record_id"], condition=models.Q(is_touched=True), name="identity_record_touched"
            ),
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source} {self.record_id}"


class ChangedKey(models.Model):
    """A value that a record gained or lost since pairs were last computed: it matters to all who have it."""

    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=MAX_VALUE_CHARS)
    was_crowded = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="changed_key_once")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class CrowdedValue(models.Model):
    """A value that so many records of one resource share that it says nothing: a placeholder, a switchboard."""

    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=MAX_VALUE_CHARS)
    records = models.PositiveIntegerField(help_text="Of the resource that has the most.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="crowded_value_once")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class IdentityLink(models.Model):
    """A customer and a record of another system that may be, are, or are not the same.

    Suggested by keys that are equal; confirmed and rejected by people alone. ``email_shared`` and ``phone_shared``:
    null where no such key is equal, else how many records of one resource have the equal value (1: nobody else); of
    several equal values the one that the fewest share.
    """

    class State(models.TextChoices):
        SUGGESTED = "suggested", _("suggested")
        CONFIRMED = "confirmed", _("confirmed")
        REJECTED = "rejected", _("rejected")

    class Names(models.TextChoices):
        SAME = "same", _("same name")
        DIFFER = "differ", _("names differ")
        UNKNOWN = "", _("no name to compare")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="identity_links")
    resource = models.CharField(max_length=64)
    record_id = models.BigIntegerField()
    remote_id = models.CharField(max_length=255)
    state = models.CharField(max_length=16, choices=State.choices)
    email_shared = models.PositiveIntegerField(null=True, blank=True)
    phone_shared = models.PositiveIntegerField(null=True, blank=True)
    names = models.CharField(max_length=8, choices=Names.choices, blank=True)
    evidence = models.BigIntegerField(default=0, help_text="Tells one set of equal values from another.")
    score = models.SmallIntegerField(default=0)
    suggested_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty: nobody yet, or the operator of the machine.",
    )  # fmt: skip
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    objects = LimitedManager()

    class Meta:
        verbose_name = _("identity link")
        verbose_name_plural = _("identity links")
        ordering = ("-score", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "resource", "remote_id"], name="identity_link_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-score", "id"], name="identity_link_queue"),
            models.Index(fields=["resource", "record_id"], name="identity_link_record"),
        ]
        default_permissions = ("view",)
        permissions: ClassVar = [("link_identity", "Can say which records are the same customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} = {self.resource} {self.remote_id}"

    @property
    def proof(self) -> dict[str, Any]:
        """What speaks for it, without the values themselves: ``email`` and ``phone`` where equal, with by how many
        records the value is shared, and ``names``."""
        shared = {"email": self.email_shared, "phone": self.phone_shared}
        return {**{kind: by for kind, by in shared.items() if by is not None}, "names": self.names or "unknown"}

    @property
    def is_shared(self) -> bool:
        """Whether several people use each of the equal values."""
        counts = [count for count in (self.email_shared, self.phone_shared) if count is not None]
        return bool(counts) and min(counts) > 1


class IdentityDecision(models.Model):
    """What a person decided about a pair: who, when, from which state to which. Never changed, never deleted."""

    class Verb(models.TextChoices):
        CONFIRM = "confirm", _("confirmed")
        REJECT = "reject", _("rejected")
        UNLINK = "unlink", _("unlinked")
        UNDO = "undo", _("undone")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    resource = models.CharField(max_length=64)
    record_id = models.BigIntegerField()
    remote_id = models.CharField(max_length=255)
    verb = models.CharField(max_length=8, choices=Verb.choices)
    before = models.CharField(max_length=16, blank=True, help_text="Empty: there was no link.")
    after = models.CharField(max_length=16, blank=True, help_text="Empty: there is no link any more.")
    proof = models.JSONField(default=dict)
    knowingly = models.BooleanField(default=False, help_text="Told that it is a second one, and asked twice.")
    undoes = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty: the operator of the machine.",
    )  # fmt: skip
    door = models.CharField(max_length=16)
    correlation_id = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["customer", "resource", "remote_id", "-id"], name="identity_decision_of"),
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.verb} {self.customer_id} = {self.resource} {self.remote_id}"
