"""What instruments would read of a simulated dish."""
