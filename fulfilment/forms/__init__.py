"""Forms of the warehouse: a module for each kind of object."""
