"""Who asks: static tokens, tokens of ServiceAccounts, and those whom somebody else speaks for."""
