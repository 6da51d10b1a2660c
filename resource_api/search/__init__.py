"""WHAT FITS: near, open, eligible; ranked, with a reason for each hit."""
