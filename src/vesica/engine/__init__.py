"""From a resolved model to numbers: process table, program, steppers, fidelities."""
