"""Which records of the four systems are the same customer: keys, and the pairs that they suggest. Nothing here decides.

``normal`` spells values so that equal ones are equal; ``sources`` says where they are read; ``refresh`` keeps the keys;
``match`` computes the pairs in the database.
"""
