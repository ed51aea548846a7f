"""Where people stand and work: picking a list, packing a shipment, the list on paper."""
