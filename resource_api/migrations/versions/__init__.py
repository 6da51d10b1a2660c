"""The revisions, oldest first; a package, so that an installed copy has them too."""
