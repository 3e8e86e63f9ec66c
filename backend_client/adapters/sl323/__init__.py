"""SL 323 tables of a real-time rain and water database, as each installation has bent them."""
