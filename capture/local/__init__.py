"""Processes on this machine: started, watched, logged and stopped as one; used by `demo`, `up` and tests."""
