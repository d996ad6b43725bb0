"""Configuration: YAML as operators write it, made into one checked ``acd.core.plan.Plan``."""
