"""Afosto's client: what reads, what writes and what fetches files, in one."""

from fulfilment.afosto.files import AfostoFiles
from fulfilment.afosto.reading import AfostoReads
from fulfilment.afosto.writing import AfostoWrites


class AfostoAPI(AfostoReads, AfostoWrites, AfostoFiles):
    """Afosto's API, one method per endpoint. Contract: Afosto fulfilment 1.0."""
