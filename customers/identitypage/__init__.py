"""``/identity/``: pairs that wait for somebody to say whether they are the same customer, and saying so."""
