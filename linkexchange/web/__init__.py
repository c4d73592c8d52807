"""What is served over HTTP: the hub's interface for nodes, and the pages of hub and node for people."""
