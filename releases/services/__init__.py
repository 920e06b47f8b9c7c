"""The verbs of a release, one module each. Each asks policy, locks, moves and records in one transaction.

Lock order: release, gate, run, stream head (inside `record`). What reaches the engine by itself
(`steer.abort`) is called outside any transaction.
"""
