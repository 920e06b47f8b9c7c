"""The dossier: everything that an auditor needs of a release or a period, in one archive.

`gathering` reads, `archive` writes the zip, `human` the page in it, `verifier` is the single file that
checks it without the portal.
"""
