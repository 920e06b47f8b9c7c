"""Every act of a release as a page: GET asks with its effect, POST calls the one service.

In: a version (and an item, fact or component by name). Out: the service's change, one sentence, back. One
module for each stage of a release's life.
"""
