"""The embedded central service: the same contract as a real centre."""
