"""Audio: the background player. Engine, outputs, and the process that hosts them."""
