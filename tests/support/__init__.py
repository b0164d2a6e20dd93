"""Parts that several tests share: note makers, a sound server, terminals."""
