"""Pages of runs: translate a request into one service call or a few queries, nothing else."""
