"""Who did it: values of coalitions of channels and senders, and what each of them contributed."""
