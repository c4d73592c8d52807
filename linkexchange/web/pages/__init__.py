"""What the pages of node and hub share, and the pages of a node one by one."""
