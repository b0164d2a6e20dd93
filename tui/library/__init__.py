"""Library: the SQLite file of sources, chats, notes and marks."""
