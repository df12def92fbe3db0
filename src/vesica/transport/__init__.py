"""Physics of vesicles in a liquid: pure functions of plain numbers."""
