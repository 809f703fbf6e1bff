"""
The Event Grid stand-in: topics that take CloudEvents 1.0, and subscriptions that are told of them until they listen.

It does what the catalogue's topics use: publishing with a token, storage events of a folder, the webhook handshake,
delivery to queues and to the functions host, retries with Azure's back-off, dead letters. Everything else is refused.
"""
