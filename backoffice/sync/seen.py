"""Which rows a sweep has met, in one bit a row: memory does not grow with the table in any way that matters."""

from collections.abc import Iterable

BLOCK_BITS = 1 << 15


class SeenRows:
    """A set of primary keys."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self.count = 0

    def add_all(self, pks: Iterable[int]) -> int:
        """Mark rows; how many of them are met for the first time."""
        blocks = self._blocks
        new = 0
        for pk in pks:
            block = pk >> 15
            bits = blocks.get(block)
            if bits is None:
                bits = blocks[block] = bytearray(BLOCK_BITS // 8)
            byte, mask = (pk & 32767) >> 3, 1 << (pk & 7)
            if not bits[byte] & mask:
                bits[byte] |= mask
                new += 1
        self.count += new
        return new

    def __contains__(self, pk: int) -> bool:
        bits = self._blocks.get(pk >> 15)
        return bits is not None and bool(bits[(pk & 32767) >> 3] & (1 << (pk & 7)))
