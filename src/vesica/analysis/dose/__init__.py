"""How many vesicles an effect needs, and who can supply them."""
