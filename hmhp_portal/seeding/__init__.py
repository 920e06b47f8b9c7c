"""The demo's believable past and present, made by the real services under a moved clock."""
