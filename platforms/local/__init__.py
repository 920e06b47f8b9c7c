"""The local target: real processes and real traffic on one machine, without a cluster.

`driver.py` is what the portal calls. It speaks to one agent per installation (`agent.py`), which
owns every process, job and proxy and survives the portal's own processes.
"""
