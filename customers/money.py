"""Amounts in minor units of their currency, as people read them."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.formats import number_format

# ISO 4217; all others have two decimals.
_NONE = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0)
_THREE = ("BHD IQD JOD KWD LYD OMR TND", 3)
_DECIMALS: Mapping[str, int] = {code: count for codes, count in (_NONE, _THREE) for code in codes.split()}


def shown_amount(minor: int | None, currency: str, empty: str = "–") -> str:
    """178500, "EUR" as "EUR 1,785.00"; ``empty`` where no amount is told."""
    if minor is None:
        return empty
    decimals = _DECIMALS.get(currency.upper(), 2)
    amount = number_format(Decimal(abs(minor)).scaleb(-decimals), decimals, use_l10n=True, force_grouping=True)
    return f"{currency} {'-' if minor < 0 else ''}{amount}".strip()
