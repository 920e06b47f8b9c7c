"""The proxy at the edge of one region: takes requests, splits them by weight, counts.

One small process per environment and region (`python -m platforms.local.proxy`), started by the
agent, which holds its listening sockets and tells it the table of weights over a control channel.
"""
