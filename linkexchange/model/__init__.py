"""Values and rules: frozen, typed, without any input or output."""
