"""HOW RECORDS COME IN: files or an API are read, staged, mended, checked, and landed batch by batch."""
