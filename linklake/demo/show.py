"""`linklake demo`: the built-in web, crawled on loopback, built, and shown."""
