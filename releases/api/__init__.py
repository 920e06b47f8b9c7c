"""REST endpoints of releases: input, one service call, output."""
