"""HOW a release ships: environments, runs, the plan, the reconcile loop, analysis, live progress."""
