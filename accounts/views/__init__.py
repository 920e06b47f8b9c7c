"""The pages of this app: people and roles, tokens, own settings, one-time links."""
