"""From events to messages (`reading`) and from messages to the mail server (`sending`)."""
