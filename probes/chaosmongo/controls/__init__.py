"""Controls: what experiments switch on."""
