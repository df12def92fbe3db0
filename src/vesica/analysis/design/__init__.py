"""Design of experiments: which arms, times and replicates tell two hypotheses apart."""
