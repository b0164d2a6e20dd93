"""Sources: what a folder is, and what its files tell about the notes in them."""
