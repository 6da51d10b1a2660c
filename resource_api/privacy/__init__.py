"""WHAT STAYS SECRET: field encryption, blind indexes, and the audit of every look."""
