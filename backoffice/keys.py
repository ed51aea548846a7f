"""Keys of our rows as a browser or a shell hands them over: text that may be no key at all."""

LONGEST = 18  # digits of a key that every database takes


def is_key(text: str) -> bool:
    """Whether the text is a whole number that can be asked for."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST
