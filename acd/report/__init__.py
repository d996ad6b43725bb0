"""What the books say of an interval: figures, and how they are shown."""
