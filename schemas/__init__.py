"""The ground: names, shapes, identity and place of everything that linklake stores."""
