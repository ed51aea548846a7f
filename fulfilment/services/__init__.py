"""What staff can do with Afosto's objects, the same for every door: a service for each kind."""
