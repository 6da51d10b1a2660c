"""TELLING THE OTHERS: an outbox written with what happened, webhooks and e-mail sent from it."""
