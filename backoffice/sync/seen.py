"""Which rows a sweep has met, in one bit a row: memory does not grow with the table in any way that matters."""

BLOCK_BITS = 1 << 15


class SeenRows:
    """A set of primary keys."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self.count = 0

    def add(self, pk: int) -> bool:
        """Mark a row; whether it is met for the first time."""
        block, bit = divmod(pk, BLOCK_BITS)
        bits = self._blocks.get(block)
        if bits is None:
            bits = self._blocks[block] = bytearray(BLOCK_BITS // 8)
        byte, mask = bit >> 3, 1 << (bit & 7)
        if bits[byte] & mask:
            return False
        bits[byte] |= mask
        self.count += 1
        return True

    def __contains__(self, pk: int) -> bool:
        block, bit = divmod(pk, BLOCK_BITS)
        bits = self._blocks.get(block)
        return bits is not None and bool(bits[bit >> 3] & (1 << (bit & 7)))
