"""What ``make bench`` runs: our own time against the physical limit, both measured in the same run."""
