"""From observations to links and what we conclude from them."""
