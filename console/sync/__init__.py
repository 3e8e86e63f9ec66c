"""The process that fills the cache and drains the outbox."""
