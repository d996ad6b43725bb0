"""Identifiers that nobody can guess and a replay makes again: keyed hashes of a counter.

An ActionID, CommandID or ChannelId that a caller could guess would let him forge an answer to
one of our actions (asterisk-facts, AMI). Random ones could not be replayed. So they are
``blake2b(secret, counter)``: the secret is the journal's first item, the counter is state.
"""

from hashlib import blake2b


class Tokens:
    """A sequence of 20 hexadecimal digits each, the same for the same secret (16 to 64 bytes)."""

    def __init__(self, secret: bytes) -> None:
        if not 16 <= len(secret) <= 64:
            raise ValueError("the run secret must have 16 to 64 bytes")
        self._secret = secret
        self._count = 0

    def next(self) -> str:
        """Return the next token. Its length never varies, so no token is another one's prefix."""
        self._count += 1
        counter = self._count.to_bytes(8, "big")
        return blake2b(counter, digest_size=10, key=self._secret).hexdigest()
