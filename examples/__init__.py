"""A small platform that the demo deploys, and its visitors."""
