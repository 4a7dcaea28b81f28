"""The commands, a module each with `register(app)`; what they import at the top must be light."""
