"""Media: what kind of sound a file holds, how long it is, and whether it is whole."""
