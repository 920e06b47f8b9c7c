"""What the web process does when more comes than it can carry: it says no early, and says when to return.

`connections` ends clients that send no request, `bodies` reads them whole before a thread is taken,
`lanes` keeps threads for those who must steer, `sockets` caps open pages.
"""
