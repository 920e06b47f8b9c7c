"""REST endpoints of deployments and environments: input, one service call, output."""
