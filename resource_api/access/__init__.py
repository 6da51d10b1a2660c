"""WHO MAY DO WHAT: participants, clients, tokens, and the policy that answers with a value."""
