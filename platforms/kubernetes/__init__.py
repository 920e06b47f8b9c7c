"""The driver of a Kubernetes target: one environment in one namespace of one cluster context.

The way through it: `settings` and `connection` say where the cluster is, `api` speaks to it, `cache`
watches it. `render/` makes objects of a component before anybody signs; `driver` applies them, moves
traffic (`traffic`), hands background work over (`background`), runs jobs and tells what it sees.
"""
