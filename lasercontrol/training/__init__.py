"""Training of agents in simulation: supervised from drawn readings, or by reward on the batched environment."""
