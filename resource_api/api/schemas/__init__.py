"""WHAT THE VIEWS TAKE AND GIVE: marshmallow schemas, which validate what comes in and describe what goes out."""
