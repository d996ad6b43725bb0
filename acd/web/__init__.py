"""HTTP: what people and programs may read, and what an agent or a supervisor may ask for."""
