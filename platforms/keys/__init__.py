"""Keepers of the portal's signing key (Ed25519): a file of its own owner, or Vault's transit engine.

In goes a message, out come the key's id and the signature; the private key never comes out, and never
lies in the database. `base` is the small Protocol, `registry` opens the keeper that the settings name.
Called by `events.keys` alone.
"""
