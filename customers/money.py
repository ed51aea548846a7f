"""Amounts in minor units of their currency, as people read them."""

from collections.abc import Mapping

# ISO 4217; all others have two decimals.
_NONE = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0)
_THREE = ("BHD IQD JOD KWD LYD OMR TND", 3)
_DECIMALS: Mapping[str, int] = {code: count for codes, count in (_NONE, _THREE) for code in codes.split()}


def shown_amount(minor: int | None, currency: str, empty: str = "–") -> str:
    """178500, "EUR" as "EUR 1,785.00"; ``empty`` where no amount is told."""
    if minor is None:
        return empty
    decimals = _DECIMALS.get(currency.upper(), 2)
    whole, part = divmod(abs(minor), 10**decimals)
    amount = f"{whole:,}.{part:0{decimals}d}" if decimals else f"{whole:,}"
    return f"{currency} {'-' if minor < 0 else ''}{amount}".strip()
