"""What can be done with a gate: open and judge it, sign it, decide about it."""
