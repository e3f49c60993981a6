"""Evidence of link farms over plain arrays: who links alike, who hangs together, what that is worth."""
