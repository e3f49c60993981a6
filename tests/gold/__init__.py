"""Gold labels of link placement: how the links were chosen, the guide the labellers followed, how they agreed."""
