"""Read-only SensorThings 1.1 of the centre's stations and readings, for clients that are not ours."""
