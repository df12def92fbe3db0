"""What a run means: ledgers, rates, cargo per vesicle, required dose, published directions."""
