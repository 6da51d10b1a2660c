"""WHAT HELP EXISTS: the HSDS tables, how they are rendered, loaded, looked up and exported.

Nothing is imported here: who only searches, or reads one record, does without the tables that it is made of.
"""
