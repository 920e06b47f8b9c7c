"""Endpoints of releases: each translates input, calls one service, and writes the answer down."""
