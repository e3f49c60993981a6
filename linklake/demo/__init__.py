"""The built-in web: a few dozen hand-drawn pages under .test, and the server that shows them on loopback."""
