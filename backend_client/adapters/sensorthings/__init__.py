"""OGC SensorThings 1.1 and 1.0: any server; what it can do is probed, what it sends is proved."""
