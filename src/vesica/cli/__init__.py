"""The command ``vesica``. Everything heavy is imported inside the command that needs it."""
