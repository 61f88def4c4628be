"""What agents reach of the network: the hosts that the operator has listed, and no other."""
