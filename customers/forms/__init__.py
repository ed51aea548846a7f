"""Forms of the customers app: a module for each kind of object."""
