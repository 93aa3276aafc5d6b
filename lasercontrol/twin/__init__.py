"""The digital twin: servers on this machine that speak the instruments' protocols and share one simulated laser."""
