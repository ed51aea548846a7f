"""Afosto's records of one kind."""

from backoffice.sandbox import documents
from backoffice.sandbox.afosto.refusal import Refusal, not_found
from backoffice.sandbox.documents import Body, body_of

__all__ = ["Body", "Documents", "body_of"]


class Documents(documents.Documents):
    """All records of one kind."""

    def missing(self, record_id: str) -> Refusal:
        """404."""
        return not_found(self.what)
