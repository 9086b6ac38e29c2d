"""The shipped Hydra configuration (YAML only); composed by `harness.config.compose`."""
