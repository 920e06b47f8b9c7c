"""The wiring of the portal: settings, addresses, processes. No rules live here.

The launcher imports this package before any requirement is installed, so this file imports nothing.
"""
