"""What an adapter is, where adapters are kept, how they are trained; the shipped ones lie in folders beside."""
